import assert from "node:assert/strict";
import { test } from "node:test";
import { meterLevel } from "./meter.ts";
import { captureProblem } from "./problems.ts";

const refusal = (name: string): Error => Object.assign(new Error("no"), { name });

test("each refusal of a device has its own code and says what to do", () => {
  assert.equal(captureProblem("mic", refusal("NotAllowedError"))?.code, "mic_denied");
  assert.equal(captureProblem("camera", refusal("NotFoundError"))?.code, "camera_missing");
  assert.equal(captureProblem("camera", refusal("NotReadableError"))?.code, "camera_busy");
  assert.equal(captureProblem("screen", refusal("TypeError"))?.code, "screen_unsupported");
  assert.equal(captureProblem("mic", "what?")?.code, "mic_failed");
  assert.match(captureProblem("mic", refusal("NotAllowedError"))?.message ?? "", /allow it/);
});

test("closing the screen picker is no problem", () => {
  assert.equal(captureProblem("screen", refusal("NotAllowedError")), null);
});

test("the meter runs from silence to full scale", () => {
  assert.equal(meterLevel(0), 0);
  assert.equal(meterLevel(Number.NaN), 0);
  assert.equal(meterLevel(0.000_1), 0);
  assert.equal(meterLevel(1), 1);
  assert.ok(Math.abs(meterLevel(10 ** (-30 / 20)) - 0.5) < 1e-9);
});
