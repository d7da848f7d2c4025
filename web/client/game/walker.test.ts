import assert from "node:assert/strict";
import { test } from "node:test";
import { CollisionGrid } from "./collision.ts";
import { findPath } from "./paths.ts";
import { Walker } from "./walker.ts";

const FRAME = 1000 / 60;
const STAND = { dx: 0, dy: 0, run: false };

/** A walker at (16, 48) of a map drawn in text, its reports, and a clock. */
function walker(...lines: string[]) {
  const cells = Uint8Array.from([...lines.join("")].map((c) => (c === "#" ? 1 : 0)));
  const grid = new CollisionGrid(lines[0]?.length ?? 0, lines.length, 32, cells, 8, 5);
  let now = 1000;
  const reports: { x: number; y: number; direction: string; at: number }[] = [];
  const me = new Walker(grid, 16, 48, "down", {
    speed: 360,
    report: (x, y, direction) => reports.push({ x, y, direction, at: now }),
    way: (from, to) => findPath(grid, from, to),
  });
  const run = (ms: number) => {
    for (const end = now + ms; now < end; now += FRAME) me.step(now);
  };
  return { me, grid, reports, run };
}

const field = Array.from({ length: 8 }, () => ".".repeat(40));

test("one second of walking is 200 px, of running 340 px", () => {
  for (const [shift, distance] of [[false, 200], [true, 340]] as const) {
    const { me, run } = walker(...field);
    me.want({ dx: 1, dy: 0, run: shift });
    run(1000);
    assert.ok(Math.abs(me.x - 16 - distance) < 8, `${me.x}`);
    assert.equal(me.direction, "right");
  }
});

test("walking aslant is no faster", () => {
  const { me, run } = walker(...field);
  me.want({ dx: 1, dy: 1, run: false });
  run(500);
  assert.ok(Math.abs(Math.hypot(me.x - 16, me.y - 48) - 100) < 8);
});

test("it reports at most every 50 ms while walking and once more on stopping", () => {
  const { me, reports, run } = walker(...field);
  me.want({ dx: 1, dy: 0, run: false });
  run(1010);
  me.want(STAND);
  run(500);
  for (let i = 1; i < reports.length - 1; i++) {
    assert.ok((reports[i]?.at ?? 0) - (reports[i - 1]?.at ?? 0) >= 50);
  }
  assert.ok(reports.length >= 15 && reports.length <= 22, `${reports.length}`);
  assert.equal(reports.at(-1)?.x, me.x);
  assert.ok(!me.busy);
});

test("turning towards a wall is reported, walking into it is not", () => {
  const { me, reports, run } = walker(...field);
  me.want({ dx: -1, dy: 0, run: false });
  run(200);
  me.want(STAND);
  run(100);
  assert.equal(reports.at(-1)?.direction, "left");
  const count = reports.length;
  me.want({ dx: -1, dy: 0, run: false });
  run(400);
  assert.equal(reports.length, count);
});

test("the straight line between two reports never cuts a corner", () => {
  const { me, grid, reports, run } = walker("........", "........", ".##.##..", "........", ".#.#.##.", "........");
  let last = { x: 16, y: 48 };
  let seed = 3;
  const chance = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  for (let i = 0; i < 400; i++) {
    me.want({ dx: Math.sign(Math.floor(chance() * 3) - 1), dy: Math.sign(Math.floor(chance() * 3) - 1), run: chance() > 0.5 });
    run(40 + chance() * 160);
  }
  assert.ok(reports.length > 300);
  for (const report of reports) {
    assert.ok(grid.clear(last.x, last.y, report.x, report.y), `${JSON.stringify(last)} ${JSON.stringify(report)}`);
    last = report;
  }
});

test("walking to a place ends exactly there, around walls, and says so", async () => {
  const { me, reports, run } = walker("......", "......", "####..", "......", "......");
  const arrived = me.walkTo({ x: 20, y: 110 });
  assert.deepEqual(me.goal, { x: 20, y: 110 });
  run(3000);
  assert.equal(await arrived, true);
  assert.deepEqual([me.x, me.y], [20, 110]);
  assert.deepEqual([reports.at(-1)?.x, reports.at(-1)?.y], [20, 110]);
});

test("a key ends a way", async () => {
  const { me, run } = walker(...field);
  const arrived = me.walkTo({ x: 600, y: 100 });
  run(200);
  me.want({ dx: 0, dy: 1, run: false });
  assert.equal(await arrived, false);
});

test("a place without a way is refused at once", async () => {
  const { me } = walker("...#..", "...#..");
  assert.equal(await me.walkTo({ x: 170, y: 16 }), false);
});

test("a correction holds at once, glides in view, and a way goes on from there", async () => {
  const { me, run } = walker(...field);
  const arrived = me.walkTo({ x: 400, y: 48 });
  run(500);
  const seen = me.shown.x;
  me.correct(60, 48);
  assert.equal(me.x, 60);
  assert.ok(Math.abs(me.shown.x - seen) < 0.001);
  run(5000);
  assert.equal(await arrived, true);
  assert.deepEqual(me.shown, { x: 400, y: 48 });
});
