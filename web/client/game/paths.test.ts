import assert from "node:assert/strict";
import { test } from "node:test";
import { CollisionGrid, type Point } from "./collision.ts";
import { findPath } from "./paths.ts";

function drawn(...lines: string[]): CollisionGrid {
  const cells = Uint8Array.from([...lines.join("")].map((c) => (c === "#" ? 1 : 0)));
  return new CollisionGrid(lines[0]?.length ?? 0, lines.length, 32, cells, 8, 5);
}

function assertWalkable(grid: CollisionGrid, from: Point, path: Point[] | null): asserts path is Point[] {
  assert.ok(path, "there is a way");
  let here = from;
  for (const next of path) {
    assert.ok(grid.clear(here.x, here.y, next.x, next.y), `${JSON.stringify(here)} to ${JSON.stringify(next)}`);
    here = next;
  }
}

const walled = drawn(
  ".......",
  ".#####.",
  ".#...#.",
  ".#.#.#.",
  ".#.#...",
  ".#####.",
  ".......",
);

test("in the open one walks straight to the very place", () => {
  assert.deepEqual(findPath(walled, { x: 16, y: 16 }, { x: 200, y: 10 }), [{ x: 200, y: 10 }]);
});

test("a place behind walls is reached through the door", () => {
  const from = { x: 16, y: 16 };
  const path = findPath(walled, from, { x: 80, y: 140 });
  assertWalkable(walled, from, path);
  assert.deepEqual(path.at(-1), { x: 80, y: 140 });
});

test("a click on a wall leads beside it", () => {
  const from = { x: 16, y: 16 };
  const path = findPath(walled, from, { x: 110, y: 40 });
  assertWalkable(walled, from, path);
  const end = path.at(-1);
  assert.ok(end && Math.hypot(end.x - 110, end.y - 40) < 24);
});

test("where no way leads there is none", () => {
  const shut = drawn(".....", ".###.", ".#.#.", ".###.", ".....");
  assert.equal(findPath(shut, { x: 16, y: 16 }, { x: 80, y: 80 }), null);
});

test("one walks around a private room unless it is the goal", () => {
  const open = drawn(".......", ".......", ".......", ".......", ".......");
  const room = { x: 64, y: 0, width: 96, height: 128 };
  const from = { x: 16, y: 48 };
  const around = findPath(open, from, { x: 208, y: 48 }, [room]);
  assertWalkable(open, from, around);
  assert.ok(around.some((p) => p.y >= 128), "below the room");
  assert.deepEqual(findPath(open, from, { x: 112, y: 48 }, [room]), [{ x: 112, y: 48 }]);
});

test("every pair of free places on a scattered map is joined by legal steps or by nothing", () => {
  let seed = 42;
  const chance = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const cells = Uint8Array.from({ length: 24 * 24 }, () => (chance() < 0.3 ? 1 : 0));
  const grid = new CollisionGrid(24, 24, 32, cells, 8, 5);
  let found = 0;
  for (let i = 0; i < 200; i++) {
    const [from, to] = [0, 1].map(() => grid.nearestFree(chance() * 768, chance() * 768)) as [Point, Point];
    const path = findPath(grid, from, to);
    if (!path) continue;
    found++;
    assertWalkable(grid, from, path);
    assert.deepEqual(path.at(-1), to);
  }
  assert.ok(found > 100, `${found} ways`);
});
