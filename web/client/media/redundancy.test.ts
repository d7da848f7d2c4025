import assert from "node:assert/strict";
import test from "node:test";
import { Redundancy } from "./redundancy.ts";

const LOOK_MS = 500;

/** A voice over a way; `speak` lets seconds pass and says at which of them it went out redundantly. */
class Voice {
  now = 50_000;
  packets = 1000;
  lost = 10;
  readonly rule = new Redundancy();

  speak(
    seconds: number,
    { loss = 0, estimate = 500_000 as number | null, rate = 50 } = {},
  ): number[] {
    const begun = this.now;
    const on: number[] = [];
    for (let look = 0; look < seconds * 2; look++) {
      this.now += LOOK_MS;
      this.packets += rate / 2;
      this.lost += (rate / 2) * loss;
      const sent = { packets: this.packets, lost: Math.floor(this.lost), estimate };
      if (this.rule.look(sent, this.now)) on.push((this.now - begun) / 1000);
    }
    return on;
  }
}

test("a way that loses much makes it begin within seconds", () => {
  const voice = new Voice();
  assert.deepEqual(voice.speak(10), []);
  const [first = Infinity] = voice.speak(15, { loss: 0.06 });
  assert.ok(first <= 6, `${first}`);
});

for (const [name, way] of [
  ["hardly anything is lost", { loss: 0.01 }],
  ["the way carries no more than it does", { loss: 0.1, estimate: 100_000 }],
] as const) {
  test(`it does not begin where ${name}`, () => {
    assert.deepEqual(new Voice().speak(30, way), []);
  });
}

test("a browser that says nothing of its estimate is believed to have room", () => {
  assert.ok(new Voice().speak(10, { loss: 0.1, estimate: null }).length > 0);
});

test("what would not begin it keeps it on", () => {
  const voice = new Voice();
  voice.speak(15, { loss: 0.1 });
  voice.speak(15, { loss: 0.023 });
  assert.equal(voice.speak(30, { loss: 0.023 }).length, 60);
  assert.deepEqual(new Voice().speak(30, { loss: 0.023 }), []);
});

test("it ends some ten seconds after the last use, and at once where the way becomes narrow", () => {
  const voice = new Voice();
  voice.speak(15, { loss: 0.1 });
  const on = voice.speak(40);
  assert.ok(on.length > 0);
  const last = on.at(-1) ?? 0;
  assert.ok(last >= 10 && last <= 25, `${last}`);
  voice.speak(15, { loss: 0.1 });
  assert.deepEqual(voice.speak(1, { loss: 0.1, estimate: 90_000 }), []);
});

test("who is silent for a while stays as they were", () => {
  const voice = new Voice();
  voice.speak(15, { loss: 0.1 });
  assert.equal(voice.speak(60, { rate: 5, loss: 0 }).slice(-1)[0], 60);
  assert.deepEqual(new Voice().speak(60, { rate: 4, loss: 0.5 }), []);
});

test("what is missing for a moment only does not count", () => {
  const rule = new Redundancy();
  let on = false;
  for (let look = 1; look < 60; look++) {
    // At every other look one more is missing, and at the next it has come.
    on ||= rule.look({ packets: look * 25, lost: 30 + (look % 2), estimate: null }, look * LOOK_MS);
  }
  assert.equal(on, false);
});

test("another stream, or none, begins anew", () => {
  const voice = new Voice();
  voice.speak(15, { loss: 0.1 });
  voice.packets = voice.lost = 0;
  assert.equal(voice.speak(0.5).length, 1); // as it was, until enough is known
  assert.equal(voice.rule.look(null, voice.now + 500), true);
  assert.ok(voice.speak(40).length < 60);
});
