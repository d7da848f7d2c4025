import assert from "node:assert/strict";
import { test } from "node:test";
import { wrapped } from "./wrap.ts";

class Track extends EventTarget {
  live = true;
  stop(): void {
    this.live = false;
  }
}
const make = () => {
  const [device, made] = [new Track(), new Track()];
  const seen: string[] = [];
  made.addEventListener("ended", () => seen.push("ended"));
  const out = wrapped(device as never, made as never, () => seen.push("down"));
  return { device, made, out, seen };
};

test("stopping what the effect makes turns the device off and takes the effect apart, once", () => {
  const { device, made, out, seen } = make();
  out.stop();
  out.stop();
  assert.deepEqual([device.live, made.live, seen], [false, false, ["down"]]);
});

test("a device that ends by itself ends what was made of it", () => {
  const { device, made, seen } = make();
  device.dispatchEvent(new Event("ended"));
  assert.equal(made.live, false);
  assert.deepEqual(seen, ["down", "ended"]);
});

test("after a stop the device's end is no news", () => {
  const { device, out, seen } = make();
  out.stop();
  device.dispatchEvent(new Event("ended"));
  assert.deepEqual(seen, ["down"]);
});
