import assert from "node:assert/strict";
import { test } from "node:test";
import { type NameBox, raiseNames } from "./name_rows.ts";

const box = (id: string, x: number, y: number): NameBox => ({ id, x, y, width: 60, height: 20 });

test("names with room beside each other stay where they are", () => {
  assert.deepEqual([...raiseNames([box("ada", 0, 100), box("bob", 70, 100), box("cleo", 0, 130)], null).values()], [0, 0, 0]);
});

test("of two side by side one goes up by a row, the same one whoever came first", () => {
  const [ada, bob] = [box("ada", 0, 100), box("bob", 30, 100)];
  for (const pair of [[ada, bob], [bob, ada]]) {
    const raised = raiseNames(pair, null);
    assert.deepEqual([raised.get("ada"), raised.get("bob")], [0, 22]);
  }
});

test("who stands in front keeps their place, and mine never gives way", () => {
  const pair = [box("behind", 0, 100), box("before", 10, 110)];
  assert.deepEqual(Object.fromEntries(raiseNames(pair, null)), { before: 0, behind: 12 });
  assert.deepEqual(Object.fromEntries(raiseNames(pair, "behind")), { behind: 0, before: 32 });
});

test("in a throng a name is not sent away from its person", () => {
  const throng = Array.from({ length: 9 }, (_, i) => box(`p${i}`, i, 100));
  const rows = [...raiseNames(throng, null).values()];
  assert.deepEqual(rows, [0, 22, 44, 66, 0, 0, 0, 0, 0]);
});
