import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { asked, FakeAudio } from "./fake_browser.ts";
import { connect, eachWithASession, entry, forgetSaid, forgetSent, last, media, said, sent, settle, types } from "./session_rig.ts";

eachWithASession();

test("starting offers four named m-lines, then says what is on, then answers the slots", async () => {
  void media.start([], { mic: false, camera: false });
  await connect();
  assert.deepEqual(types(), ["media_offer", "media_state", "media_answer"]);
  assert.deepEqual(sent[0], {
    type: "media_offer",
    sdp: "local 0",
    sources: { "0": "mic", "1": "camera", "2": "screen", "3": "screen_audio" },
  });
  assert.deepEqual(sent[1], { type: "media_state", mic: false, camera: false, screen: false, watch: true });
  assert.deepEqual(said, ["connecting", "connected"]);
  assert.equal(asked.length, 0, "no device was opened");
});

test("turning the microphone on negotiates nothing", async () => {
  void media.start([], { mic: false, camera: false });
  const { publish } = await connect();
  forgetSent();
  await media.setMic(true);
  assert.deepEqual(types(), ["media_state"]);
  assert.ok(publish.transceivers[0]?.sender.track);
  await media.setMic(false);
  assert.equal(publish.transceivers[0]?.sender.track, null);
});

test("a lost link is replaced: the live camera is sent again, the muted microphone stays muted", async () => {
  void media.start([], { mic: true, camera: true });
  const { publish } = await connect();
  assert.deepEqual([media.local.mic, media.local.camera], [true, true]);
  await media.setMic(false);
  const devices = asked.length;
  publish.become("failed");
  assert.equal(said.at(-1), "failed");
  mock.timers.tick(400);
  const again = await connect("y");
  assert.equal(said.at(-1), "connected");
  assert.notEqual(again.publish, publish);
  assert.equal(again.publish.transceivers[0]?.sender.track, null);
  assert.ok(again.publish.transceivers[1]?.sender.track);
  assert.equal(asked.length, devices, "no device was opened again");
});

test("the world says that media is lost: another link follows", async () => {
  void media.start([], { mic: false, camera: false });
  const { publish } = await connect();
  media.handle({ type: "error", code: "media_lost", message: "the worker is gone" });
  mock.timers.tick(400);
  await settle();
  assert.equal(publish.connectionState, "closed");
  assert.equal(types().filter((type) => type === "media_offer").length, 2);
});

test("media moves: a second link is made while the first goes on, and takes over with the next slots", async () => {
  void media.start([], { mic: true, camera: true });
  const first = await connect();
  media.handle({ type: "slots", epoch: 1, audio: [], video: [entry(0, "bob", "camera")] });
  forgetSaid();
  const devices = asked.length;
  media.handle({ type: "media_moving" });
  const second = await connect("y");
  assert.equal(first.publish.connectionState, "connected");
  assert.ok(second.publish.transceivers[0]?.sender.track, "the live microphone is sent on both");
  assert.ok(first.publish.transceivers[0]?.sender.track);
  media.handle({ type: "media_moved" });
  assert.equal(first.subscribe.connectionState, "connected", "until the slots are told");
  media.handle({ type: "slots", epoch: 2, audio: [], video: [entry(1, "bob", "camera")] });
  assert.equal(first.publish.connectionState, "closed");
  assert.equal(first.subscribe.connectionState, "closed");
  assert.equal(second.publish.connectionState, "connected");
  assert.deepEqual([media.local.mic, media.local.camera, asked.length], [true, true, devices]);
  assert.ok(!said.includes("failed") && !said.includes("connecting"), said.join());
  second.publish.become("failed");
  assert.equal(said.at(-1), "failed", "the second link is the link now");
});

test("a move that fails leaves the first link alone, and can be asked for again", async () => {
  void media.start([], { mic: false, camera: false });
  const first = await connect();
  forgetSaid();
  media.handle({ type: "media_moving" });
  await settle();
  media.handle({ type: "error", code: "worker_full", message: "no room", ref: "media_offer" });
  assert.equal(first.publish.connectionState, "connected");
  media.handle({ type: "media_moving" });
  const second = await connect("z");
  second.subscribe.become("failed");
  assert.equal(first.subscribe.connectionState, "connected");
  assert.deepEqual(said, []);
});

test("full workers and what they leave out are told in words, once", async () => {
  const told: string[] = [];
  media.on("problem", (code) => told.push(code));
  void media.start([], { mic: false, camera: false });
  await settle();
  for (let attempt = 0; attempt < 3; attempt += 1) {
    media.handle({ type: "error", code: "worker_full", message: "no room", ref: "media_offer" });
    mock.timers.tick(20_000);
    await settle();
  }
  assert.deepEqual(told, ["worker_full"]);
  await connect();
  media.handle({ type: "degraded", level: "far_video" });
  media.handle({ type: "degraded", level: "far_video" });
  media.handle({ type: "degraded", level: "none" });
  assert.deepEqual(told, ["worker_full", "far_video"]);
});

test("media that is lost while it moves begins anew once", async () => {
  void media.start([], { mic: false, camera: false });
  await connect();
  media.handle({ type: "media_moving" });
  await settle();
  forgetSent();
  media.handle({ type: "error", code: "media_lost", message: "the worker is gone" });
  mock.timers.tick(400);
  await settle();
  assert.equal(types().filter((type) => type === "media_offer").length, 1);
});

test("an error about something else leaves media alone", async () => {
  void media.start([], { mic: false, camera: false });
  await connect();
  media.handle({ type: "error", code: "rate_limited", message: "slower", ref: "chat" });
  mock.timers.tick(60_000);
  assert.deepEqual(said, ["connecting", "connected"]);
});

test("a world that never answers is asked again, ever more slowly", async () => {
  void media.start([], { mic: false, camera: false });
  await settle();
  for (let second = 0; second < 120; second += 1) {
    mock.timers.tick(1000);
    await settle();
  }
  const offers = types().filter((type) => type === "media_offer").length;
  assert.ok(offers >= 4 && offers <= 9, `${offers} offers in two minutes`);
});

test("the answer to an older offer is not taken for the newer one's", async () => {
  void media.start([], { mic: false, camera: false });
  await settle();
  void media.start([], { mic: false, camera: false });
  await settle();
  const publish = last();
  media.handle({ type: "media_answer", sdp: "old" });
  media.handle({ type: "media_answer", sdp: "new" });
  await settle();
  assert.deepEqual(publish.remote, ["new"]);
});

test("after a new welcome this page's state counts, whatever a server remembers", async () => {
  void media.start([], { mic: false, camera: false });
  await connect();
  void media.start([], { mic: true, camera: true });
  await connect("y");
  assert.equal(media.local.mic, false);
  assert.equal(asked.length, 0);
});

test("a page that comes back after it was stopped turns nothing on by what was saved", async () => {
  void media.start([], { mic: true, camera: true });
  await connect();
  await media.setMic(false);
  media.stop();
  void media.start([], { mic: true, camera: true });
  await connect("y");
  assert.deepEqual([media.local.mic, media.local.camera], [false, false]);
});

test("what was turned off before the world answered stays off, whatever was saved", async () => {
  await media.setMic(true);
  await media.setMic(false);
  void media.start([], { mic: true, camera: true });
  await connect();
  assert.deepEqual([media.local.mic, media.local.camera], [false, true]);
});

test("a picture whose slot is known before its track is shown when the track comes", async () => {
  void media.start([], { mic: false, camera: false });
  await settle();
  media.handle({ type: "slots", epoch: 1, audio: [], video: [entry(1, "ada", "camera")] });
  assert.ok(!said.includes("ada camera shown"));
  await connect();
  assert.ok(said.includes("ada camera shown"));
});

test("a slot that changes its person ends one picture and shows the other", async () => {
  void media.start([], { mic: false, camera: false });
  await connect();
  media.handle({ type: "slots", epoch: 1, audio: [], video: [entry(0, "ada", "camera")] });
  forgetSaid();
  media.handle({ type: "slots", epoch: 2, audio: [], video: [entry(0, "bob", "camera")] });
  assert.deepEqual(said, ["ada camera gone", "bob camera shown"]);
});

test("without watching no picture is shown, and all come back with it", async () => {
  void media.start([], { mic: false, camera: false });
  await connect();
  media.handle({ type: "slots", epoch: 1, audio: [], video: [entry(0, "ada", "camera")] });
  forgetSaid();
  media.setWatch(false);
  media.setWatch(true);
  assert.deepEqual(said, ["ada camera gone", "ada camera shown"]);
  assert.deepEqual(
    sent.slice(-2).map((message) => message.type === "media_state" && message.watch),
    [false, true],
  );
});

test("only people in slots are heard, each at their own gain, and a newcomer never at another's", async () => {
  const gains: Record<string, number> = { ada: 0.8, bob: 0.1 };
  media.setGain((userId) => gains[userId] ?? 0);
  void media.start([], { mic: false, camera: false });
  await connect();
  assert.deepEqual(FakeAudio.playing(), []);
  media.handle({ type: "slots", epoch: 1, audio: [entry(0, "ada", "mic")], video: [] });
  assert.deepEqual(FakeAudio.playing(), [{ label: "a0", gain: 0.8 }]);
  media.handle({ type: "slots", epoch: 2, audio: [entry(0, "bob", "mic")], video: [] });
  assert.deepEqual(FakeAudio.playing(), [{ label: "a0", gain: 0.1 }]);
  media.handle({ type: "slots", epoch: 3, audio: [], video: [] });
  assert.deepEqual(FakeAudio.playing(), []);
});

test("the gain follows the walk, also down to silence, and nonsense is silence", async () => {
  let gain = 1;
  media.setGain(() => gain);
  void media.start([], { mic: false, camera: false });
  await connect();
  media.handle({ type: "slots", epoch: 1, audio: [entry(1, "ada", "mic")], video: [] });
  for (const [wanted, heard] of [[0.5, 0.5], [0, 0], [7, 1], [Number.NaN, 0]] as const) {
    gain = wanted;
    mock.timers.tick(60);
    assert.deepEqual(FakeAudio.playing(), [{ label: "a1", gain: heard }]);
  }
});

test("a person's own volume comes on top of the gain", async () => {
  let volume = 0.5;
  media.setGain(() => 0.8);
  media.setVolume((userId) => (userId === "ada" ? volume : 1));
  void media.start([], { mic: false, camera: false });
  await connect();
  media.handle({ type: "slots", epoch: 1, audio: [entry(0, "ada", "mic"), entry(1, "bob", "mic")], video: [] });
  for (const [wanted, heard] of [[0.5, 0.4], [2, 1.6], [0, 0], [9, 1.6], [Number.NaN, 0]] as const) {
    volume = wanted;
    mock.timers.tick(60);
    assert.deepEqual(FakeAudio.playing(), [{ label: "a0", gain: heard }, { label: "a1", gain: 0.8 }]);
  }
});

test("deafened one hears nobody, not even after a reconnect, and the server is not told", async () => {
  const states: boolean[] = [];
  media.on("local", ({ deafened }) => states.push(deafened));
  media.setGain(() => 1);
  void media.start([], { mic: false, camera: false });
  const { publish } = await connect();
  media.handle({ type: "slots", epoch: 1, audio: [entry(0, "ada", "mic")], video: [] });
  forgetSent();
  media.setDeafened(true);
  assert.deepEqual(FakeAudio.playing(), [{ label: "a0", gain: 0 }]);
  assert.deepEqual([sent, states], [[], [true]]);
  publish.become("failed");
  mock.timers.tick(400);
  await connect("y");
  media.handle({ type: "slots", epoch: 2, audio: [entry(0, "ada", "mic")], video: [] });
  assert.deepEqual(FakeAudio.playing().map(({ gain }) => gain), [0]);
  media.setDeafened(false);
  assert.deepEqual(FakeAudio.playing().map(({ gain }) => gain), [1]);
});

test("who is deafened before the sound begins stays so", async () => {
  media.setDeafened(true);
  void media.start([], { mic: false, camera: false });
  await connect();
  media.handle({ type: "slots", epoch: 1, audio: [entry(0, "ada", "mic")], video: [] });
  assert.deepEqual(FakeAudio.playing(), [{ label: "a0", gain: 0 }]);
});

test("stopping turns off every device and says goodbye to every picture", async () => {
  void media.start([], { mic: true, camera: true });
  const { publish, subscribe } = await connect();
  media.handle({ type: "slots", epoch: 1, audio: [], video: [entry(0, "ada", "camera")] });
  media.stop();
  assert.deepEqual([media.local.mic, media.local.camera], [false, false]);
  assert.deepEqual([publish.connectionState, subscribe.connectionState], ["closed", "closed"]);
  assert.ok(said.includes("ada camera gone"));
  assert.equal(said.at(-1), "idle");
});

test("the echo booth is said with every state while it is on, also after a lost link, and turns nothing on", async () => {
  void media.start([], { mic: false, camera: false });
  await connect();
  forgetSent();
  media.setBooth(true);
  assert.deepEqual(sent, [{ type: "media_state", mic: false, camera: false, screen: false, watch: true, booth: true }]);
  assert.equal(media.local.mic, false);
  media.handle({ type: "error", code: "media_lost", message: "" });
  mock.timers.tick(20_000);
  await settle();
  assert.deepEqual(sent.at(-1), { type: "media_state", mic: false, camera: false, screen: false, watch: true, booth: true });
  media.setBooth(false);
  assert.deepEqual(sent.at(-1), { type: "media_state", mic: false, camera: false, screen: false, watch: true });
});

test("effects turn nothing on: what is off stays off, and the choice holds for later", async () => {
  void media.start([], { mic: false, camera: false });
  await connect();
  asked.length = 0;
  await media.setEffects({ noise: true, blur: true });
  assert.deepEqual(asked, []);
  assert.deepEqual([media.local.mic, media.local.camera], [false, false]);
  assert.deepEqual([media.local.effects.noise, media.local.effects.blur], [true, true]);
});
