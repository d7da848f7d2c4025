import assert from "node:assert/strict";
import { test } from "node:test";
import { wayOf, wishOf } from "./hotkeys.ts";

const key = (code: string, letter: string) => wayOf({ code, key: letter });

test("W A S D by their place, which is Z Q S D on a French keyboard", () => {
  assert.deepEqual(["KeyW", "KeyA", "KeyS", "KeyD"].map((code) => key(code, "?")), ["up", "left", "down", "right"]);
  assert.equal(key("KeyW", "z"), "up");
  assert.equal(key("KeyA", "q"), "left");
});

test("the letters Z and Q walk on any keyboard, and arrows do", () => {
  assert.equal(key("KeyZ", "Z"), "up");
  assert.equal(key("KeyQ", "q"), "left");
  assert.equal(key("ArrowDown", "ArrowDown"), "down");
  assert.equal(key("KeyE", "e"), null);
});

test("opposite keys cancel out and two neighbours go aslant", () => {
  assert.deepEqual(wishOf(new Set(["left", "right", "up"]), false), { dx: 0, dy: -1, run: false });
  assert.deepEqual(wishOf(new Set(["right", "down"]), true), { dx: 1, dy: 1, run: true });
});
