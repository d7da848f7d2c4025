import assert from "node:assert/strict";
import { test } from "node:test";
import { AsLeft } from "./as_left.ts";

function storage(): { getItem: (key: string) => string | null; setItem: (key: string, value: string) => void } {
  const kept = new Map<string, string>();
  return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value) };
}

const ON = { mic: true, camera: true };
const OFF = { mic: false, camera: false };

test("a tab that remembers nothing takes the world's word", () => {
  const left = new AsLeft(storage(), "home", true);
  assert.deepEqual([left.atMost(ON), left.atMost(OFF)], [ON, OFF]);
});

test("what was turned off here stays off, whatever the world remembers, and nothing comes on by itself", () => {
  const memory = storage();
  new AsLeft(memory, "home", true).keep({ mic: false, camera: true });
  const again = new AsLeft(memory, "home", true);
  assert.deepEqual(again.atMost(ON), { mic: false, camera: true });
  assert.deepEqual(again.atMost({ mic: true, camera: false }), OFF);
  again.keep(ON);
  assert.deepEqual([again.atMost(ON), again.atMost(OFF)], [ON, OFF]);
});

test("a page opened by a link turns nothing on, nor does loading it anew before its person has", () => {
  const memory = storage();
  new AsLeft(memory, "home", true).keep(ON);
  assert.deepEqual(new AsLeft(memory, "home", false).atMost(ON), OFF);
  assert.deepEqual(new AsLeft(memory, "home", true).atMost(ON), OFF);
});

test("one server's memory is not another's, and blocked storage is no memory", () => {
  const memory = storage();
  new AsLeft(memory, "home", true).keep(OFF);
  assert.deepEqual(new AsLeft(memory, "work", true).atMost(ON), ON);
  const blocked = (): never => {
    throw new Error("blocked");
  };
  const left = new AsLeft({ getItem: blocked, setItem: blocked }, "home", true);
  left.keep(OFF);
  assert.deepEqual(left.atMost(ON), ON);
});
