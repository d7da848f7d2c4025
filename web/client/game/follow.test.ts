import assert from "node:assert/strict";
import { test } from "node:test";
import { CollisionGrid, type Point } from "./collision.ts";
import { BESIDE, Follow, beside, nearest } from "./follow.ts";
import { findPath } from "./paths.ts";
import { Walker } from "./walker.ts";

const apart = (a: Point, b: Point): number => Math.hypot(a.x - b.x, a.y - b.y);

/** Me as a walker at (16, 48) of a map drawn in text, following somebody at `them`. */
function walk(lines: string[], them: Point) {
  const cells = Uint8Array.from([...lines.join("")].map((c) => (c === "#" ? 1 : 0)));
  const grid = new CollisionGrid(lines[0]?.length ?? 0, lines.length, 32, cells, 8, 5);
  const me = new Walker(grid, 16, 48, "down", {
    speed: 360,
    report: () => undefined,
    way: (from, to) => findPath(grid, from, to),
  });
  const follow = new Follow("ada", (...step) => grid.clear(...step));
  let now = 0;
  let ways = 0;
  const run = (ms: number, move: (dt: number) => void = () => undefined) => {
    for (const end = now + ms; now < end; now += 16) {
      move(16);
      const step = follow.next(me, them, now);
      if (step && step !== "soon") {
        ways += 1;
        void me.walkTo(step.to, step.run);
      }
      me.step(now);
    }
  };
  return { me, run, ways: () => ways };
}

const field = Array.from({ length: 8 }, () => ".".repeat(60));

test("one walks up to somebody, and stands beside them, not on them", () => {
  const them = { x: 400, y: 100 };
  const { me, run, ways } = walk(field, them);
  run(3000);
  assert.ok(Math.abs(apart(me, them) - BESIDE) < 1, `${apart(me, them)}`);
  assert.equal(ways(), 1);
});

test("one stays with somebody who walks, and rests when they rest", () => {
  const them = { x: 60, y: 100 };
  const { me, run, ways } = walk(field, them);
  run(6000, (dt) => (them.x += (200 * dt) / 1000));
  assert.ok(apart(me, them) < 130, `${apart(me, them)} px behind`);
  run(1500);
  assert.ok(apart(me, them) <= 56);
  const asked = ways();
  assert.ok(asked <= 26, `${asked} ways in six seconds`);
  run(5000);
  assert.equal(ways(), asked, "a way was asked for although nobody moved");
  assert.equal(me.busy, false);
});

test("one runs after somebody who is far away", () => {
  const them = { x: 1500, y: 100 };
  const { me, run } = walk(field, them);
  run(1000);
  assert.ok(me.x > 300, `${me.x}`);
});

test("one follows through the door, and does not stop on this side of the wall", () => {
  const open = "............";
  const room = [open, open, "#########.##", open, open, open];
  const them = { x: 112, y: 32 * 3 + 6 };
  const { me, run } = walk(room, them);
  run(6000);
  assert.ok(me.y > 96 && apart(me, them) <= 56, `stands at ${me.x}, ${me.y}`);
});

test("the place beside somebody is on my side, or where there is room", () => {
  const them = { x: 100, y: 100 };
  const me = { x: 300, y: 100 };
  assert.deepEqual(beside(them, me, () => true), { x: 100 + BESIDE, y: 100 });
  const left = beside(them, me, (_x, _y, x) => x < 90);
  assert.ok(left.x < 90 && Math.abs(apart(left, them) - BESIDE) < 1e-9);
  assert.deepEqual(beside(them, me, () => false), them);
});

test("the nearest of all is followed, and nobody where nobody is", () => {
  const people = [{ x: 50, y: 0 }, { x: 10, y: 10 }, { x: -90, y: 3 }];
  assert.equal(nearest({ x: 0, y: 0 }, people), people[1]);
  assert.equal(nearest({ x: 0, y: 0 }, []), null);
});
