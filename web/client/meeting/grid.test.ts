import assert from "node:assert/strict";
import { test } from "node:test";
import { bestGrid } from "./grid.ts";

test("one tile fills the area without leaving 16:9", () => {
  assert.deepEqual(bestGrid(1, 1600, 1200), { columns: 1, rows: 1, width: 1600, height: 900 });
});

test("two people sit side by side in a wide room and above each other in a tall one", () => {
  assert.equal(bestGrid(2, 1400, 700).columns, 2);
  assert.equal(bestGrid(2, 390, 700).columns, 1);
});

test("every tile fits into the area", () => {
  for (let count = 1; count <= 30; count += 1) {
    for (const [width, height] of [[1400, 760], [390, 640], [900, 300]] as const) {
      const grid = bestGrid(count, width, height, 12);
      assert.ok(grid.columns * grid.rows >= count);
      assert.ok(grid.columns * grid.width + (grid.columns - 1) * 12 <= width + 0.01, `${count} in ${width}`);
      assert.ok(grid.rows * grid.height + (grid.rows - 1) * 12 <= height + 0.01, `${count} in ${height}`);
      assert.ok(grid.width > 20);
    }
  }
});

test("an area without size has tiles without size", () => {
  assert.equal(bestGrid(3, 0, 0).width, 0);
});
