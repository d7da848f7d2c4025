import assert from "node:assert/strict";
import { test } from "node:test";
import { CollisionGrid } from "./collision.ts";

/** A map drawn in text: `#` blocks. Tiles of 32 px, the foot box of the world. */
export function drawn(...lines: string[]): CollisionGrid {
  const columns = lines[0]?.length ?? 0;
  const cells = Uint8Array.from([...lines.join("")].map((c) => (c === "#" ? 1 : 0)));
  return new CollisionGrid(columns, lines.length, 32, cells, 8, 5);
}

const room = drawn(
  "......",
  "......",
  "..##..",
  "......",
);

test("feet may touch a wall's edge and not reach over it", () => {
  assert.ok(room.free(64 - 8, 80));
  assert.ok(!room.free(64 - 7.9, 80));
  assert.ok(room.free(80, 64 - 5));
  assert.ok(!room.free(80, 64 - 4.9));
});

test("the map's edge is a wall", () => {
  assert.ok(room.free(8, 5));
  assert.ok(!room.free(7.9, 5));
  assert.ok(!room.free(8, 4.9));
  assert.ok(!room.free(Number.NaN, 5));
});

test("no step is long enough to jump over a wall", () => {
  assert.ok(!room.clear(20, 80, 180, 80));
  assert.ok(room.clear(20, 40, 180, 40));
  assert.ok(!room.clear(80, 40, 80, 120));
});

test("a slanting step does not slip through a corner", () => {
  const corner = drawn("#.", ".#");
  assert.ok(!corner.clear(48, 16, 16, 48));
});

test("walking into a wall slides along it", () => {
  const down = room.slide(80, 58, 3, 3);
  assert.equal(down.x, 83);
  assert.ok(Math.abs(down.y - 59) < 0.01);
  const stuck = room.slide(80, 59, 0, 3);
  assert.ok(Math.hypot(stuck.x - 80, stuck.y - 59) < 0.01);
});

test("wherever one walks, every step is one that the world accepts", () => {
  const maze = drawn("......", ".##.#.", ".#..#.", "...##.", "......");
  let x = 16;
  let y = 16;
  let seed = 7;
  const chance = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  let walked = 0;
  for (let i = 0; i < 20_000; i++) {
    const angle = Math.floor(chance() * 8) * (Math.PI / 4);
    const length = chance() * 20;
    const next = maze.slide(x, y, Math.cos(angle) * length, Math.sin(angle) * length);
    assert.ok(maze.free(next.x, next.y), `(${next.x}, ${next.y})`);
    assert.ok(maze.clear(x, y, next.x, next.y));
    walked += Math.hypot(next.x - x, next.y - y);
    ({ x, y } = next);
  }
  assert.ok(walked > 20_000, "it did walk");
});

test("the nearest free place of a wall is beside it", () => {
  const place = room.nearestFree(96, 70);
  assert.ok(place && room.free(place.x, place.y));
  assert.ok(Math.hypot(place.x - 96, place.y - 70) < 20);
  assert.deepEqual(room.nearestFree(16, 16), { x: 16, y: 16 });
  assert.equal(drawn("##", "##").nearestFree(20, 20), null);
});
