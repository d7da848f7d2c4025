import assert from "node:assert/strict";
import { test } from "node:test";
import { EVERYONE, NEARBY } from "./channels.ts";
import { Unanswered } from "./unanswered.ts";

const HALL = { scope: "zone", to: "hall" } as const;

test("a refused line is the oldest that has not come back", () => {
  const unanswered = new Unanswered();
  for (const text of ["one", "two", "three"]) unanswered.said(EVERYONE, text, null);
  unanswered.came(EVERYONE, false);
  assert.equal(unanswered.refused()?.text, "two");
  assert.equal(unanswered.refused()?.text, "three");
  assert.equal(unanswered.refused(), null);
});

test("what came is told apart by its channel, and by whether it has a file", () => {
  const unanswered = new Unanswered();
  const plan = new File([], "plan.png");
  unanswered.said(NEARBY, "here", null);
  unanswered.said(HALL, "the plan", plan);
  unanswered.said(HALL, "in the Hall", null);
  unanswered.came(HALL, false);
  unanswered.came(EVERYONE, false); // written on another page
  assert.deepEqual(unanswered.refused(), { where: NEARBY, text: "here", file: null });
  assert.deepEqual(unanswered.refused(), { where: HALL, text: "the plan", file: plan });
});

test("a new connection answers nothing that was said into the old one, and what waits is bounded", () => {
  const unanswered = new Unanswered();
  for (let i = 0; i < 100; i++) unanswered.said(EVERYONE, String(i), null);
  assert.equal(unanswered.refused()?.text, "80");
  unanswered.forget();
  assert.equal(unanswered.refused(), null);
});
