import assert from "node:assert/strict";
import { test } from "node:test";
import { sentences } from "./announcer.ts";

const nobody = new Set<string>();

test("who comes and goes is told by name, a crowd by its number", () => {
  assert.equal(sentences(new Set(["Ada"]), nobody), "Ada is here.");
  assert.equal(sentences(new Set(["Ada", "Bob"]), new Set(["Cleo"])), "Ada and Bob are here. Cleo has left.");
  assert.equal(sentences(new Set(["a", "b", "c", "d"]), nobody), "4 people are here.");
  assert.equal(sentences(nobody, nobody), "");
});
