import assert from "node:assert/strict";
import { test } from "node:test";
import { Featured } from "./featured.ts";

const others = ["ann", "bob", "cat"];
const set = (...ids: string[]): Set<string> => new Set(ids);

test("whoever speaks is large, and stays so in a pause and over a cough", () => {
  const featured = new Featured();
  featured.speaking(set("bob"), 0);
  assert.equal(featured.who(others, 0), "bob");
  featured.speaking(set("cat"), 1000);
  assert.equal(featured.who(others, 1000), "bob");
  assert.equal(featured.who(others, 1600), "cat");
  featured.speaking(set(), 1700);
  assert.equal(featured.who(others, 9000), "cat");
});

test("two who speak at once do not take turns", () => {
  const featured = new Featured();
  featured.speaking(set("bob"), 0);
  featured.who(others, 0);
  for (let now = 0; now < 20_000; now += 500) {
    featured.speaking(set("ann", "bob"), now);
    assert.equal(featured.who(others, now), "bob");
  }
});

test("whom I pin is large whoever speaks, until they go", () => {
  const featured = new Featured();
  featured.pin("cat");
  featured.speaking(set("ann"), 0);
  assert.equal(featured.who(others, 0), "cat");
  assert.equal(featured.who(["ann", "bob"], 10), "ann");
  assert.equal(featured.pinned, null);
});

test("before anybody has spoken the first is large, and alone nobody", () => {
  assert.equal(new Featured().who(others, 0), "ann");
  assert.equal(new Featured().who([], 0), null);
});
