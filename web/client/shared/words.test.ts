import assert from "node:assert/strict";
import { test } from "node:test";
import { avatarTitle, sentence, zoneTitle } from "./words.ts";

test("what the world says becomes a sentence, once", () => {
  assert.deepEqual(["you left", " Gone! ", "", "wait…"].map(sentence), ["You left.", "Gone!", "", "Wait…"]);
});

test("a zone's name is read without its underscores", () => {
  assert.deepEqual(["Room_1_east", "chill_room"].map(zoneTitle), ["Room 1 east", "Chill room"]);
});

test("an avatar's name is read aloud as words", () => {
  assert.equal(avatarTitle("curly_red-2"), "Curly red 2");
});
