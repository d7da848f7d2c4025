import assert from "node:assert/strict";
import { test } from "node:test";
import { placeOf } from "./air.ts";

test("right on the map is right of me, up is before me, down behind me", () => {
  assert.deepEqual(placeOf({ dx: 200, dy: 0 }), { x: 1, z: 0 });
  assert.deepEqual(placeOf({ dx: 0, dy: -80 }), { x: 0, z: -1 });
  assert.deepEqual(placeOf({ dx: 0, dy: 300 }), { x: 0, z: 1 });
});

test("distance does not change the direction, and right beside me there is none", () => {
  assert.deepEqual(placeOf({ dx: 30, dy: 40 }), placeOf({ dx: 90, dy: 120 }));
  for (const near of [null, { dx: 0, dy: 0 }, { dx: 9, dy: -9 }, { dx: Number.NaN, dy: 3 }]) {
    assert.deepEqual(placeOf(near), { x: 0, z: -1 });
  }
});
