import assert from "node:assert/strict";
import { test } from "node:test";
import { lines } from "./plot.ts";

test("a line runs over five minutes up to now, as high as its greatest value", () => {
  assert.deepEqual(lines([[700, 5], [850, 10], [1000, 0]], 1000, 1), [[[0, 0.5], [0.5, 1], [1, 0]]]);
});

test("small values stay low where more would be usual", () => {
  assert.deepEqual(lines([[1000, 1]], 1000, 4), [[[1, 0.25]]]);
});

test("what is not known leaves a hole", () => {
  assert.deepEqual(lines([[850, 1], [900, Number.NaN], [1000, 1]], 1000, 1), [[[0.5, 1]], [[1, 1]]]);
  assert.deepEqual(lines([], 1000, 1), []);
});
