import assert from "node:assert/strict";
import { test } from "node:test";
import { endingOf } from "./endings.ts";

test("whoever is logged out, however that came, logs in and comes back to this world", () => {
  for (const code of ["logged_out", "session_expired", "not_logged_in"]) assert.equal(endingOf(code).action, "login", code);
});

test("who lost the tab to another or was too slow comes back from here; who was removed does not", () => {
  assert.equal(endingOf("replaced").action, "retry");
  assert.equal(endingOf("slow").action, "retry");
  assert.equal(endingOf("removed").action, "dashboard");
  assert.equal(endingOf("something new").action, "dashboard");
});
