import assert from "node:assert/strict";
import { test } from "node:test";
import { qualityOf } from "./quality.ts";
import type { MediaStats, SlotStats } from "./measured.ts";

const slot = (packetsReceived: number, packetsLost: number, freezeCount = 0): SlotStats =>
  ({ kind: "audio", slot: 0, packetsReceived, packetsLost, freezeCount }) as SlotStats;
const stats = (roundTripMs: number | null, ...slots: SlotStats[]): MediaStats =>
  ({ publish: "connected", subscribe: "connected", roundTripMs, sources: {}, slots }) as unknown as MediaStats;

test("a short way without loss is good", () => {
  assert.equal(qualityOf(stats(20, slot(100, 0)), stats(22, slot(200, 1))).grade, "good");
});

test("loss counts since the last look, not since the beginning", () => {
  const long = stats(20, slot(10_000, 5000));
  assert.equal(qualityOf(long, stats(20, slot(10_100, 5000))).grade, "good");
  assert.equal(qualityOf(long, stats(20, slot(10_097, 5003))).grade, "fair");
  assert.equal(qualityOf(long, stats(20, slot(10_085, 5015))).grade, "poor");
});

test("a long way and standing pictures are worse", () => {
  assert.equal(qualityOf(stats(20), stats(180)).grade, "fair");
  assert.equal(qualityOf(stats(20), stats(500)).grade, "poor");
  assert.equal(qualityOf(stats(20, slot(1, 0)), stats(20, slot(2, 0, 1))).grade, "fair");
});

test("no connection is poor, and one that has just begun is not", () => {
  assert.equal(qualityOf(null, null).grade, "poor");
  assert.equal(qualityOf(null, stats(null, slot(0, 0))).grade, "good");
});
