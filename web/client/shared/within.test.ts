import assert from "node:assert/strict";
import { test } from "node:test";
import { within } from "./within.ts";

test("what comes in time is passed on, and so is its failure", async () => {
  assert.equal(await within(10_000, Promise.resolve(7)), 7);
  await assert.rejects(within(10_000, Promise.reject(new Error("no"))), /^Error: no$/);
});

test("what never comes ends in words", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const waiting = within(5_000, new Promise(() => undefined), "the sun did not rise");
  context.mock.timers.tick(5_000);
  await assert.rejects(waiting, /the sun did not rise/);
});
