import assert from "node:assert/strict";
import { test } from "node:test";
import { NO_EFFECTS, rememberedEffects, rememberEffects } from "./choice.ts";

const memory = (text: string | null) => {
  let kept = text;
  return { getItem: () => kept, setItem: (_: string, value: string) => void (kept = value) };
};

test("what was chosen is remembered", () => {
  const place = memory(null);
  rememberEffects({ noise: true, blur: true, direction: false }, place);
  assert.deepEqual(rememberedEffects(place), { noise: true, blur: true, direction: false });
});

test("a broken memory is no memory", () => {
  for (const text of [null, "{", "7", '"noise"', '{"noise": "yes", "blur": 1}']) {
    assert.deepEqual(rememberedEffects(memory(text)), NO_EFFECTS, String(text));
  }
});

test("a browser that remembers nothing is no fault", () => {
  const closed = { getItem: () => null, setItem: () => { throw new Error("full"); } };
  rememberEffects(NO_EFFECTS, closed);
  assert.deepEqual(rememberedEffects(closed), NO_EFFECTS);
});
