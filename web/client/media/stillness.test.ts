import assert from "node:assert/strict";
import test from "node:test";
import { type Counts, Stillness } from "./stillness.ts";

const LOOK_MS = 500;

/** A connection that counts; each call lets a while pass and says after how many ms an alarm came, if one did. */
class Way {
  now = 10_000;
  readonly counts: Counts = { bytesSent: 0, bytesReceived: 0, requests: 0, responses: 0 };
  readonly stillness: Stillness;

  constructor(answers: boolean) {
    this.stillness = new Stillness(answers);
  }

  pass(ms: number, { sends = 0, receives = 0, checks = false, answered = false } = {}): number[] {
    const begun = this.now;
    const alarms: number[] = [];
    while (this.now < begun + ms) {
      this.now += LOOK_MS;
      this.counts.bytesSent += sends;
      this.counts.bytesReceived += receives;
      if (checks && this.now % 2_500 === 0) {
        this.counts.requests += 1;
        if (answered) this.counts.responses += 1;
      }
      if (this.stillness.look({ ...this.counts }, this.now)) alarms.push(this.now - begun);
    }
    return alarms;
  }
}

const TALK = { sends: 2_000, receives: 500, checks: true, answered: true };

test("who speaks and is told of no arrival any more has a broken way after little more than two seconds", () => {
  const way = new Way(true);
  assert.deepEqual(way.pass(20_000, TALK), []);
  const [first] = way.pass(5_000, { sends: 2_000, checks: true });
  assert.ok(first !== undefined && first <= 2_500, String(first));
});

test("who only listens has one when a check is not answered either", () => {
  const way = new Way(false);
  way.pass(20_000, TALK);
  const [first] = way.pass(6_000, { sends: 50, checks: true });
  assert.ok(first !== undefined && first <= 4_000, String(first));
});

test("where everybody is silent, or muted, and checks are answered there is no alarm", () => {
  for (const answers of [true, false]) {
    const way = new Way(answers);
    way.pass(5_000, TALK);
    assert.deepEqual(way.pass(600_000, { checks: true, answered: true }), []);
  }
});

test("somebody who is listened to falls silent between two checks: no alarm", () => {
  const way = new Way(false);
  way.pass(5_500, TALK);
  assert.deepEqual(way.pass(2_000, { sends: 50 }), []);
});

test("a page that slept begins anew", () => {
  const way = new Way(true);
  way.pass(5_000, TALK);
  way.now += 60_000;
  way.counts.bytesSent += 100_000;
  way.counts.requests += 24;
  assert.deepEqual(way.pass(1_500, { sends: 2_000 }), []);
});

test("another way, which counts from nought, begins anew", () => {
  const way = new Way(true);
  way.pass(5_000, TALK);
  way.pass(1_500, { sends: 2_000 });
  Object.assign(way.counts, { bytesSent: 0, bytesReceived: 0, requests: 0, responses: 0 });
  assert.deepEqual(way.pass(1_500, { sends: 2_000 }), []);
});

test("alarms that help nothing come seldomer and seldomer, and soon again once something has come", () => {
  const way = new Way(true);
  way.pass(5_000, TALK);
  const alarms = way.pass(600_000, { sends: 2_000, checks: true });
  assert.ok(alarms.length <= 14, String(alarms));
  const gaps = alarms.slice(1).map((at, index) => at - alarms[index]!);
  assert.ok(gaps.every((gap, index) => index === 0 || gap >= gaps[index - 1]! - LOOK_MS));
  way.pass(1_000, TALK);
  const [again] = way.pass(5_000, { sends: 2_000 });
  assert.ok(again !== undefined && again <= 2_500, String(again));
});

test("a connection without a way says nothing", () => {
  const stillness = new Stillness(true);
  for (let now = 0; now < 20_000; now += LOOK_MS) assert.equal(stillness.look(null, now), false);
});
