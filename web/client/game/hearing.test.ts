import assert from "node:assert/strict";
import { test } from "node:test";
import type { ZoneInfo } from "../net/messages.ts";
import { fade, gain } from "./hearing.ts";

const hearing = { full: 48, radius: 300, keep: 330, prewarm: 360 };
const bounds = { x: 0, y: 0, width: 1, height: 1 };
const zones = new Map<string, ZoneInfo>([
  ["hall", { id: "hall", name: "Hall", type: "PUBLIC", bounds, meeting_id: null, locked: false, capacity: null }],
  ["room", { id: "room", name: "Room_1", type: "PRIVATE", bounds, meeting_id: null, locked: false, capacity: null }],
  ["library", { id: "library", name: "Library", type: "SILENT", bounds, meeting_id: null, locked: false, capacity: null }],
  ["den", { id: "den", name: "Room_2", type: "PRIVATE", bounds, meeting_id: null, locked: false, capacity: null }],
]);
const at = (x: number, zone_id: string | null) => ({ x, y: 0, zone_id });
const between = (distance: number, mine: string | null, theirs: string | null) =>
  gain(at(0, mine), at(distance, theirs), zones, hearing);

test("a voice is whole within 48 px, silent from 300 px on and halved in the middle", () => {
  assert.equal(fade(0, hearing), 1);
  assert.equal(fade(48, hearing), 1);
  assert.equal(fade(300, hearing), 0);
  assert.equal(fade(5000, hearing), 0);
  assert.ok(Math.abs(fade(174, hearing) - 0.5) < 1e-12);
});

test("a voice only ever gets softer with distance", () => {
  let last = 1;
  for (let d = 49; d < 300; d++) {
    const now = fade(d, hearing);
    assert.ok(now < last, `at ${d} px`);
    last = now;
  }
});

test("in one private room distance does not matter", () => {
  assert.equal(between(5000, "room", "room"), 1);
});

test("nothing crosses the border of a private room, however near", () => {
  assert.equal(between(1, "room", "hall"), 0);
  assert.equal(between(1, null, "room"), 0);
  assert.equal(between(1, "room", "den"), 0);
});

test("public zones and the space between them are one", () => {
  assert.equal(between(100, "hall", null), fade(100, hearing));
});

test("in a silent zone nobody hears anybody and is heard by nobody", () => {
  assert.equal(between(1, "library", "library"), 0);
  assert.equal(between(1, "library", "hall"), 0);
  assert.equal(between(1, null, "library"), 0);
});
