import assert from "node:assert/strict";
import { test } from "node:test";
import { Trail } from "./interpolation.ts";

const DELAY = 100;
const TICK = 50;
const trail = () => new Trail(DELAY, TICK, 0, 0, "down");

test("one who stands is where it was reported", () => {
  const t = trail();
  assert.deepEqual(t.at(5000), { x: 0, y: 0, direction: "down", moving: false });
  assert.ok(t.still(0));
});

test("a walk is seen 100 ms late, evenly, and ends at the last report", () => {
  const t = trail();
  for (let i = 1; i <= 10; i++) t.add(1000 + TICK * i, 10 * i, 0, "right");
  assert.deepEqual(t.at(1000 + DELAY), { x: 0, y: 0, direction: "right", moving: true });
  assert.equal(t.at(1025 + DELAY).x, 5);
  assert.equal(t.at(1250 + DELAY).x, 50);
  assert.equal(t.at(1500 + DELAY).x, 100);
  assert.equal(t.at(9000).x, 100);
  assert.equal(t.at(9000).moving, false);
});

test("frame by frame nobody pops, also when reports come unevenly", () => {
  const t = trail();
  const arrivals = [1000, 1049, 1149, 1151, 1200, 1262, 1300, 1399, 1400, 1450];
  let next = 0;
  let last = 0;
  for (let now = 1000; now < 1800; now += 16) {
    while (next < arrivals.length && (arrivals[next] as number) <= now) {
      t.add(arrivals[next] as number, 10 * ++next, 0, "right");
    }
    const { x } = t.at(now);
    assert.ok(x >= last && x - last < 8, `${last} to ${x} at ${now}`);
    last = x;
  }
  assert.equal(last, 100);
});

test("after a long rest the first step takes a tick, not the length of the rest", () => {
  const t = trail();
  t.add(1000, 10, 0, "right");
  t.add(60_000, 20, 0, "right");
  assert.equal(t.at(59_900 + DELAY).x, 10);
  assert.equal(t.at(59_975 + DELAY).x, 15);
  assert.equal(t.at(60_000 + DELAY).x, 20);
});

test("one who is set down elsewhere is there at once", () => {
  const t = trail();
  t.add(1000, 900, 500, "up");
  assert.deepEqual(t.at(1000), { x: 900, y: 500, direction: "up", moving: false });
});

test("turning on the spot is not walking", () => {
  const t = trail();
  t.add(1000, 0, 0, "left");
  assert.equal(t.at(1050).moving, false);
  assert.equal(t.at(1200).direction, "left");
});

test("it is still once the last report has been reached, and not before", () => {
  const t = trail();
  t.add(1000, 10, 0, "right");
  assert.ok(!t.still(1099));
  assert.ok(t.still(1100));
});
