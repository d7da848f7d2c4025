import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { LocalTracks } from "./local_tracks.ts";

/** A track that remembers whether its device's light is still on. */
class FakeTrack extends EventTarget {
  live = true;
  contentHint = "";
  readonly device: string;
  constructor(device: string) {
    super();
    this.device = device;
  }
  stop(): void {
    this.live = false;
  }
}

type Request = { constraints: MediaStreamConstraints; grant: (track: FakeTrack) => void; refuse: (name: string) => void };
let requests: Request[] = [];
const told: string[] = [];
let tracks: LocalTracks;

Object.defineProperty(globalThis.navigator, "mediaDevices", {
  value: {
    getUserMedia: (constraints: MediaStreamConstraints) =>
      new Promise((resolve, reject) => {
        requests.push({
          constraints,
          grant: (track) => resolve({ getTracks: () => [track] }),
          refuse: (name) => reject(Object.assign(new Error("no"), { name })),
        });
      }),
  },
});

beforeEach(() => {
  requests = [];
  told.length = 0;
  tracks = new LocalTracks({
    track: (source, track) => told.push(`${source} ${track ? "on" : "off"}`),
    changed: () => told.push("changed"),
    problem: ({ code }) => told.push(code),
  });
});

const request = (index: number): Request => {
  const found = requests[index];
  assert.ok(found, `device request ${index}`);
  return found;
};

test("on means a live track, off means that it is stopped", async () => {
  const done = tracks.set("mic", true);
  assert.equal(tracks.on("mic"), false, "not on before the device is open");
  const track = new FakeTrack("mic");
  request(0).grant(track);
  await done;
  assert.equal(tracks.on("mic"), true);
  await tracks.set("mic", false);
  assert.equal(track.live, false);
  assert.deepEqual(told, ["mic on", "changed", "mic off", "changed"]);
});

test("turning off while the device is still being opened leaves it off and dark", async () => {
  const done = tracks.set("mic", true);
  await tracks.set("mic", false);
  const track = new FakeTrack("mic");
  request(0).grant(track);
  await done;
  assert.equal(tracks.on("mic"), false);
  assert.equal(track.live, false);
  assert.deepEqual(told, []);
});

test("on, off and on again ends on, with one live track", async () => {
  const first = tracks.set("mic", true);
  await tracks.set("mic", false);
  const second = tracks.set("mic", true);
  const [early, late] = [new FakeTrack("early"), new FakeTrack("late")];
  request(1).grant(late);
  await second;
  request(0).grant(early);
  await first;
  assert.deepEqual([early.live, late.live], [false, true]);
  assert.equal(tracks.on("mic"), true);
});

test("asking twice opens the device once", async () => {
  const both = [tracks.set("camera", true), tracks.set("camera", true)];
  assert.equal(requests.length, 1);
  request(0).grant(new FakeTrack("camera"));
  await Promise.all(both);
  assert.equal(tracks.on("camera"), true);
});

test("a refused device is off, and the person is told why", async () => {
  const done = tracks.set("camera", true);
  request(0).refuse("NotAllowedError");
  await done;
  assert.equal(tracks.on("camera"), false);
  assert.deepEqual(told, ["camera_denied"]);
});

test("an unplugged device is off, said so, and does not come back by itself", async () => {
  const done = tracks.set("mic", true);
  const track = new FakeTrack("mic");
  request(0).grant(track);
  await done;
  told.length = 0;
  track.dispatchEvent(new Event("ended"));
  assert.equal(tracks.on("mic"), false);
  assert.deepEqual(told, ["mic off", "changed", "mic_lost"]);
  assert.equal(requests.length, 1);
});

test("another microphone replaces the running one, which stops only afterwards", async () => {
  const done = tracks.set("mic", true);
  const old = new FakeTrack("old");
  request(0).grant(old);
  await done;
  const chosen = tracks.choose({ mic: "usb" });
  assert.equal(old.live, true, "no gap while the new one opens");
  assert.deepEqual((request(1).constraints.audio as MediaTrackConstraints).deviceId, { exact: "usb" });
  request(1).grant(new FakeTrack("usb"));
  await chosen;
  assert.equal(old.live, false);
  assert.equal(tracks.on("mic"), true);
});

test("a chosen device that is gone gives way to the system's", async () => {
  await tracks.choose({ mic: "gone" });
  const done = tracks.set("mic", true);
  request(0).refuse("OverconstrainedError");
  await new Promise(setImmediate);
  assert.equal((request(1).constraints.audio as MediaTrackConstraints).deviceId, undefined);
  request(1).grant(new FakeTrack("default"));
  await done;
  assert.equal(tracks.on("mic"), true);
});

test("choosing a device does not turn it on", async () => {
  await tracks.choose({ mic: "usb", camera: "cam" });
  assert.equal(requests.length, 0);
});

test("a device that neither comes nor is refused is told, and is still awaited", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const done = tracks.set("mic", true);
  context.mock.timers.tick(3_999);
  assert.deepEqual(told, []);
  context.mock.timers.tick(1);
  assert.deepEqual(told, ["mic_waiting"]);
  request(0).grant(new FakeTrack("mic"));
  await done;
  assert.equal(tracks.on("mic"), true);
});

test("of a device that is not wanted any more nothing is told", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const done = tracks.set("mic", true);
  await tracks.set("mic", false);
  context.mock.timers.tick(60_000);
  assert.deepEqual(told, []);
  request(0).refuse("NotAllowedError");
  await done;
});
