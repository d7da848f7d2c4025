import assert from "node:assert/strict";
import { test } from "node:test";
import { type Memory, Volumes } from "./volumes.ts";

function memory(kept: string | null = null): Memory & { kept: string | null } {
  return {
    kept,
    getItem() {
      return this.kept;
    },
    setItem(_, value) {
      this.kept = value;
    },
  };
}

test("a person's volume is there again in the next page", () => {
  const browser = memory();
  new Volumes(browser).set("ada", 0.4);
  const later = new Volumes(browser);
  assert.deepEqual([later.of("ada"), later.of("bob")], [0.4, 1]);
});

test("volumes stay between silence and twice as loud", () => {
  const volumes = new Volumes(memory());
  volumes.set("ada", 9);
  volumes.set("bob", -1);
  volumes.set("cleo", Number.NaN);
  assert.deepEqual(["ada", "bob", "cleo"].map((id) => volumes.of(id)), [2, 0, 1]);
});

test("as they come needs no remembering", () => {
  const browser = memory();
  const volumes = new Volumes(browser);
  volumes.set("ada", 0.5);
  volumes.set("ada", 1);
  assert.equal(browser.kept, "[]");
});

test("of 501 people the one whose volume was set longest ago is forgotten", () => {
  const browser = memory();
  const volumes = new Volumes(browser);
  for (let i = 0; i < 500; i += 1) volumes.set(`p${i}`, 0.5);
  volumes.set("p0", 0.7);
  volumes.set("new", 0.5);
  assert.deepEqual(["p0", "p1", "p2", "new"].map((id) => volumes.of(id)), [0.7, 1, 0.5, 0.5]);
});

test("whatever stands in the browser's memory harms nothing", () => {
  for (const kept of ["{", "7", "null", '["x"]', '[["ada","loud"],["bob",99],[3,1]]']) {
    assert.equal(new Volumes(memory(kept)).of("ada"), 1);
  }
});

test("a browser that remembers nothing still obeys as long as the page is open", () => {
  const volumes = new Volumes({
    getItem: () => {
      throw new Error("no");
    },
    setItem: () => {
      throw new Error("no");
    },
  });
  volumes.set("ada", 0);
  assert.equal(volumes.of("ada"), 0);
});
