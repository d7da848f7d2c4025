import assert from "node:assert/strict";
import { test } from "node:test";
import { clampCentre, firstZoom, follow, nextZoom, onPixels, zooms } from "./camera.ts";

const map = { width: 960, height: 640 };

test("zooming in and out goes through all steps and stops at the ends", () => {
  for (const ratio of [1, 2, 3]) {
    const all = zooms(ratio);
    let zoom = all[0] as number;
    for (const expected of all.slice(1)) assert.equal((zoom = nextZoom(zoom, 1, ratio)), expected);
    assert.equal(nextZoom(zoom, 1, ratio), zoom);
    assert.equal(nextZoom(all[0] as number, -1, ratio), all[0]);
  }
});

test("on a dense screen most zooms are whole numbers of device px", () => {
  const whole = zooms(2).filter((zoom) => Number.isInteger(zoom * 2));
  assert.ok(whole.length >= zooms(2).length - 1);
});

test("one begins with about the same part of the map on every screen, without an empty edge", () => {
  assert.equal(firstZoom({ width: 1440, height: 900 }, map, 1), 2);
  assert.equal(firstZoom({ width: 1024, height: 768 }, map, 1), 1.5);
  assert.equal(firstZoom({ width: 390, height: 844 }, map, 3), 4 / 3);
});

const bare = { top: 0, bottom: 0 };

test("nothing outside the map is shown where the map is larger than the view", () => {
  const view = { width: 600, height: 400 };
  assert.deepEqual(clampCentre({ x: 0, y: 0 }, 1, view, map, bare), { x: 300, y: 200 });
  assert.deepEqual(clampCentre({ x: 999, y: 999 }, 1, view, map, bare), { x: 660, y: 440 });
  assert.deepEqual(clampCentre({ x: 400, y: 300 }, 1, view, map, bare), { x: 400, y: 300 });
});

test("the map can be seen whole although bars cover the edges of the view", () => {
  const view = { width: 600, height: 400 };
  const covered = { top: 60, bottom: 90 };
  const top = clampCentre({ x: 300, y: 0 }, 2, view, map, covered).y;
  assert.equal((0 - top) * 2 + 200, 60, "the upper edge stands below the upper bar");
  const bottom = clampCentre({ x: 300, y: 640 }, 2, view, map, covered).y;
  assert.equal((640 - bottom) * 2 + 200, 310, "the lower edge stands above the lower bar");
});

test("a map smaller than the view is centred in what is free", () => {
  const view = { width: 2000, height: 1200 };
  assert.deepEqual(clampCentre({ x: 1, y: 1 }, 1, view, map, bare), { x: 480, y: 320 });
  const { y } = clampCentre({ x: 1, y: 1 }, 1, view, map, { top: 0, bottom: 100 });
  assert.equal((320 - y) + 600, 550);
});

test("following closes in without passing, at any frame rate, and arrives", () => {
  const ends = [10, 40].map((dt) => {
    let centre = { x: 0, y: 0 };
    for (let t = 0; t < 200; t += dt) centre = follow(centre, { x: 100, y: 0 }, dt, 1);
    return centre.x;
  });
  assert.ok(Math.abs((ends[0] as number) - (ends[1] as number)) < 0.001);
  assert.ok((ends[0] as number) < 100);
  assert.deepEqual(follow({ x: 99.8, y: 0 }, { x: 100, y: 0 }, 16, 1), { x: 100, y: 0 });
});

test("map px fall on whole device px", () => {
  for (const [width, ratio, zoom] of [[1001, 1, 2], [390, 3, 1], [777, 1.5, 2]] as const) {
    const centre = onPixels({ x: 123.456, y: 77.7 }, zoom, { width, height: 501 }, ratio);
    const left = Math.round(width * ratio) / 2 - centre.x * zoom * ratio;
    assert.ok(Math.abs(left - Math.round(left)) < 1e-6);
  }
});
