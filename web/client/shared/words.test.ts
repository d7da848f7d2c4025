import assert from "node:assert/strict";
import { test } from "node:test";
import { sentence, zoneTitle } from "./words.ts";

test("what the world says becomes a sentence, once", () => {
  assert.deepEqual(["you left", " Gone! ", "", "wait…"].map(sentence), ["You left.", "Gone!", "", "Wait…"]);
});

test("a zone's name is read without its underscores", () => {
  assert.equal(zoneTitle("Room_1_east"), "Room 1 east");
});
