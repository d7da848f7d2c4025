import assert from "node:assert/strict";
import { test } from "node:test";
import { delayOf, evened, STEP_MS } from "./echo_delay.ts";

/** A voice: syllables at uneven times. */
const voice = (length: number): number[] => {
  const values = new Array<number>(length).fill(0);
  let seed = 7;
  for (let at = 10; at < length; at += 12 + (seed % 23)) {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    for (let i = 0; i < 14 && at + i < length; i++) values[at + i] = (values[at + i] ?? 0) + Math.sin((Math.PI * i) / 14) * (0.3 + (seed % 50) / 100);
  }
  return values;
};
const shifted = (values: readonly number[], steps: number): number[] => [...new Array<number>(steps).fill(0), ...values.slice(0, values.length - steps)];

test("a voice that comes back is found at its delay, however loud it comes back", () => {
  const sent = voice(500);
  for (const steps of [0, 4, 9, 31, 120]) {
    const heard = shifted(sent, steps).map((value) => value * 0.3 + 0.01);
    assert.equal(delayOf(sent, heard)?.ms, steps * STEP_MS);
  }
});

test("noise and a lost packet here and there do not matter", () => {
  const sent = voice(500);
  let seed = 3;
  const heard = shifted(sent, 12).map((value, i) => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return i % 40 < 2 ? 0 : value + (seed % 100) / 2000;
  });
  const found = delayOf(sent, heard);
  assert.ok(found && Math.abs(found.ms - 120) <= 20, JSON.stringify(found));
});

test("a steady rhythm counts from its first beat", () => {
  const sent = Array.from({ length: 600 }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / 40));
  const found = delayOf(sent, shifted(sent, 8));
  assert.ok(found && Math.abs(found.ms - 80) <= 20, JSON.stringify(found));
});

test("silence, another voice and too short a time are no answer", () => {
  const sent = voice(500);
  assert.equal(delayOf(sent, new Array<number>(500).fill(0)), null);
  assert.equal(delayOf(new Array<number>(500).fill(0), sent), null);
  assert.equal(delayOf(sent, [...sent].reverse()), null);
  assert.equal(delayOf(sent.slice(0, 100), sent.slice(0, 100)), null);
});

test("uneven readings become even steps", () => {
  const readings = [0, 7, 23, 31, 40].map((at) => ({ at, value: at }));
  assert.deepEqual(evened(readings, 40, 4), [10, 20, 30, 40]);
  assert.deepEqual(evened([], 40, 3), [0, 0, 0]);
});
