import assert from "node:assert/strict";
import { test } from "node:test";
import { Backoff } from "./backoff.ts";

const MIDDLE = 0.5; // no spread

test("pauses double up to fifteen seconds", () => {
  const backoff = new Backoff();
  const waits = Array.from({ length: 8 }, () => backoff.next(0, MIDDLE));
  assert.deepEqual(waits, [300, 600, 1200, 2400, 4800, 9600, 15_000, 15_000]);
});

test("chance spreads a pause by a fifth either way", () => {
  assert.equal(new Backoff().next(0, 0), 240);
  assert.equal(new Backoff().next(0, 1), 360);
});

test("a connection that held begins from the start, one that broke at once does not", () => {
  const backoff = new Backoff();
  backoff.next(0, MIDDLE);
  backoff.connected(1_000);
  assert.equal(backoff.next(2_000, MIDDLE), 600);
  backoff.connected(3_000);
  assert.equal(backoff.next(13_000, MIDDLE), 300);
});
