import assert from "node:assert/strict";
import { test } from "node:test";
import { fit, matches } from "./matching.ts";

const names = ["Bob", "Ada Lovelace", "Zoë Adams", "Grace Hopper", "Barada", "Alan D. Adler"];
const found = (query: string) => matches(query, names.map((name) => ({ name }))).map(({ name }) => name);

test("first whose name begins so, then a word of it, then any part, then the letters in order", () => {
  assert.deepEqual(found("ad"), ["Ada Lovelace", "Alan D. Adler", "Zoë Adams", "Barada"]);
  assert.equal(fit("gho", "Grace Hopper"), 3);
});

test("capitals and accents do not matter, on either side", () => {
  assert.deepEqual(found("ZOE"), ["Zoë Adams"]);
  assert.deepEqual(found("ädams"), ["Zoë Adams"]);
});

test("nothing typed is everybody by name, and what nobody is called is nobody", () => {
  assert.deepEqual(found("  "), [...names].sort());
  assert.deepEqual(found("xyz"), []);
});
