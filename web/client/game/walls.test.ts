import assert from "node:assert/strict";
import { test } from "node:test";
import { WallGrid } from "./walls.ts";

const drawn = (...lines: string[]): WallGrid => {
  const cells = Uint8Array.from([...lines.join("")].map((c) => (c === "#" ? 1 : 0)));
  return new WallGrid(lines[0]?.length ?? 0, lines.length, 32, cells);
};
const hall = drawn(
  "........",
  "...#....",
  "...#....",
  "........",
);
const middle = (column: number, row: number): [number, number] => [column * 32 + 16, row * 32 + 16];

test("a wall is between two people on its two sides, whoever looks", () => {
  const [left, right] = [middle(1, 1), middle(6, 2)];
  assert.ok(hall.between(...left, ...right));
  assert.ok(hall.between(...right, ...left));
});

test("round the wall's end and along it the air is free", () => {
  assert.ok(!hall.between(...middle(0, 0), ...middle(7, 0)));
  assert.ok(!hall.between(...middle(2, 0), ...middle(2, 3)));
  assert.ok(!hall.between(...middle(1, 1), ...middle(2, 2)));
});

test("who leans on a wall is on their side of it", () => {
  assert.ok(!hall.between(3 * 32 + 1, 40, ...middle(0, 1)));
  assert.ok(!hall.between(...middle(1, 1), ...middle(1, 1)));
});

test("a straight line up or down and one off the map end", () => {
  const floor = drawn("..", "##", "..");
  assert.ok(floor.between(16, 16, 16, 80));
  assert.ok(!hall.between(-500, -500, 9000, -500));
  assert.ok(!hall.between(Number.NaN, 0, 10, 10));
});

test("any two places with a wall tile's middle exactly between them are apart", () => {
  const pillar = drawn(".....", ".....", "..#..", ".....", ".....");
  for (let angle = 0; angle < 360; angle += 7) {
    const [x, y] = [Math.cos((angle * Math.PI) / 180) * 60, Math.sin((angle * Math.PI) / 180) * 60];
    assert.ok(pillar.between(80 + x, 80 + y, 80 - x, 80 - y), `${angle}°`);
  }
});
