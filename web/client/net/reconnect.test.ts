import assert from "node:assert/strict";
import { test } from "node:test";
import { FIRST_MS, LONGEST_MS, afterLoss } from "./reconnect.ts";

const closing = (code: string, retry_ms: number | null) =>
  ({ type: "closing", code, message: "why", retry_ms }) as const;

function wait(attempt: number, chance: number, retry: number | null = null): number {
  const verdict = afterLoss(attempt, chance, retry === null ? null : closing("restarting", retry));
  assert.equal(verdict.come, "back");
  return verdict.come === "back" ? verdict.afterMs : Number.NaN;
}

test("pauses grow from half a second to ten seconds and no further", () => {
  const pauses = [0, 1, 2, 3, 4, 5, 50].map((attempt) => wait(attempt, 1));
  assert.deepEqual(pauses, [500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
});

test("chance spreads the clients of one server over half of the pause", () => {
  assert.equal(wait(0, 0), FIRST_MS / 2);
  assert.equal(wait(20, 0), LONGEST_MS / 2);
  assert.ok(wait(3, 0.25) < wait(3, 0.75));
});

test("a restarting world names the time at which to come back", () => {
  assert.equal(wait(0, 1, 3000), 3500);
});

test("one whose seat was taken or whose session ended does not come back by itself", () => {
  for (const code of ["replaced", "session_expired", "removed"]) {
    assert.deepEqual(afterLoss(0, 0.5, closing(code, null)), { come: "never", code, message: "why" });
  }
});
