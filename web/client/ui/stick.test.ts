import assert from "node:assert/strict";
import { test } from "node:test";
import { stickAt } from "./stick.ts";

test("a thumb that only rests walks nowhere", () => {
  assert.deepEqual(stickAt(5, -5, 50).wish, { dx: 0, dy: 0, run: false });
  assert.deepEqual(stickAt(0, 0, 50), { wish: { dx: 0, dy: 0, run: false }, knob: { x: 0, y: 0 } });
});

test("it walks exactly where the thumb points, and runs at the rim", () => {
  const walk = stickAt(18, 24, 50);
  assert.deepEqual(walk.wish, { dx: 0.6, dy: 0.8, run: false });
  assert.deepEqual(walk.knob, { x: 18, y: 24 });
  assert.equal(stickAt(0, -47, 50).wish.run, true);
});

test("a thumb outside the ring leaves the knob on the rim", () => {
  const { knob, wish } = stickAt(-300, 0, 50);
  assert.deepEqual(knob, { x: -50, y: 0 });
  assert.deepEqual(wish, { dx: -1, dy: 0, run: true });
});
