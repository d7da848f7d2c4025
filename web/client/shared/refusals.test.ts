import assert from "node:assert/strict";
import { test } from "node:test";
import { refusalOf } from "./refusals.ts";

test("a refusal has the catalogue's words, or the world's own as a sentence", () => {
  assert.equal(refusalOf({ code: "rate_limited", message: "one line after the other" }), "That was faster than anybody can follow.");
  assert.equal(refusalOf({ code: "new_code", message: "that is new" }), "That is new.");
});
