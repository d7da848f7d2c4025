import assert from "node:assert/strict";
import { test } from "node:test";
import { OwnVoice } from "./own_voice.ts";

test("a breath is no speech", () => {
  const voice = new OwnVoice();
  assert.deepEqual([0.1, 0.3, 0.45].map((level, i) => voice.speaks(level, i * 100)), [false, false, false]);
});

test("the ring holds between two words and goes out after them", () => {
  const voice = new OwnVoice();
  const levels = [0.6, 0.1, 0.1, 0.7, 0.1, 0.1, 0.1, 0.1, 0.1];
  const seen = levels.map((level, i) => voice.speaks(level, i * 100));
  assert.deepEqual(seen, [true, true, true, true, true, true, true, false, false]);
});

test("muting puts it out at once", () => {
  const voice = new OwnVoice();
  assert.equal(voice.speaks(0.9, 0), true);
  assert.equal(voice.speaks(null, 1), false);
  assert.equal(voice.speaks(0.1, 2), false);
});
