import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import type { ClientMessage, SlotInfo } from "../net/messages.ts";
import { asked, FakeAudio, FakeConnection, happen, installFakeBrowser } from "./fake_browser.ts";
import { createMedia, type Media } from "./session.ts";

let sent: ClientMessage[] = [];
let said: string[] = [];
let media: Media;

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};
const last = (): FakeConnection => FakeConnection.all.at(-1) as FakeConnection;
const types = (): string[] => sent.map(({ type }) => type);
const offer = (ufrag: string, ...mids: string[]): string =>
  [`a=ice-ufrag:${ufrag}`, ...mids.map((mid) => `a=mid:${mid}`)].join("\n");
const entry = (slot: number, user_id: string, source: SlotInfo["source"], gain = 1): SlotInfo => ({
  slot,
  user_id,
  source,
  gain,
});

/** The world's side of a link: answers, offers slots, and lets both connections connect. */
async function connect(ufrag = "x"): Promise<{ publish: FakeConnection; subscribe: FakeConnection }> {
  await settle();
  const publish = last();
  media.handle({ type: "media_answer", sdp: "answer" });
  media.handle({ type: "media_offer", sdp: offer(ufrag, "a0", "a1", "v0", "v1") });
  await settle();
  const subscribe = last();
  publish.become("connected");
  subscribe.become("connected");
  return { publish, subscribe };
}

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  installFakeBrowser();
  sent = [];
  said = [];
  media = createMedia({ send: (message) => void sent.push(message) });
  media.on("connection", (state) => said.push(state));
  media.on("video", (userId, source, stream) => said.push(`${userId} ${source} ${stream ? "shown" : "gone"}`));
});

afterEach(() => {
  media.stop();
  mock.timers.reset();
});

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
  sent = [];
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
  said = [];
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
  said = [];
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
  sent = [];
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

/** The world's answer to a restart. */
async function restarted(): Promise<void> {
  const publish = { ufrag: "up", password: "secret" };
  media.handle({ type: "media_restarted", publish, subscribe: { ufrag: "down", password: "hidden" } });
  await settle();
}

test("a short break of ICE heals by itself", async () => {
  void media.start([], { mic: false, camera: false });
  const { subscribe } = await connect();
  subscribe.become("disconnected");
  mock.timers.tick(900);
  subscribe.become("connected");
  mock.timers.tick(10_000);
  assert.equal(said.at(-1), "connected");
  assert.ok(!types().includes("media_restart"));
});

test("a longer break is mended on the same connections, and nothing is answered twice", async () => {
  void media.start([], { mic: true, camera: false });
  const { publish, subscribe } = await connect();
  sent = [];
  publish.become("disconnected");
  mock.timers.tick(1_100);
  await settle();
  assert.deepEqual(types(), ["media_restart"]);
  assert.equal(publish.restarts, 1);
  await restarted();
  assert.equal(publish.remote.at(-1), "answer");
  assert.ok(subscribe.remote.at(-1)?.startsWith("a=ice-ufrag:down\n"), subscribe.remote.at(-1));
  publish.become("connected");
  mock.timers.tick(20_000);
  assert.deepEqual(types(), ["media_restart"]);
  assert.equal(said.at(-1), "connected");
  assert.ok(publish.transceivers[0]?.sender.track);
  // The next break begins from the start.
  subscribe.become("disconnected");
  mock.timers.tick(1_100);
  await settle();
  assert.equal(publish.restarts, 2);
});

test("a way that carries nothing back is mended though ICE believes in it", async () => {
  let now = 1_000;
  const clock = mock.method(performance, "now", () => now);
  void media.start([], { mic: true, camera: false });
  const { publish } = await connect();
  sent = [];
  const pair = (publish.pair = { bytesSent: 0, bytesReceived: 0 });
  const pass = async (looks: number, receives: number): Promise<void> => {
    for (let look = 0; look < looks; look += 1) {
      now += 500;
      pair.bytesSent += 1_000;
      pair.bytesReceived += receives;
      mock.timers.tick(500);
      await settle();
    }
  };
  await pass(20, 100);
  assert.equal(publish.restarts, 0);
  await pass(6, 0);
  assert.deepEqual(types(), ["media_restart"]);
  assert.equal(publish.restarts, 1);
  media.stop();
  await pass(20, 0);
  assert.equal(publish.restarts, 1);
  clock.mock.restore();
});

test("a restart that connects nothing within seconds ends in another link", async () => {
  void media.start([], { mic: false, camera: false });
  const { subscribe } = await connect();
  subscribe.become("disconnected");
  mock.timers.tick(1_100);
  await restarted();
  mock.timers.tick(4_000);
  assert.equal(said.at(-1), "connected");
  mock.timers.tick(1_000);
  assert.equal(said.at(-1), "failed");
});

test("a restart that the world refuses ends in another link at once", async () => {
  void media.start([], { mic: false, camera: false });
  const { subscribe } = await connect();
  subscribe.become("disconnected");
  mock.timers.tick(1_100);
  await settle();
  media.handle({ type: "error", code: "moving", message: "", ref: "media_restart" });
  assert.equal(said.at(-1), "failed");
});

test("a lost socket costs no link: the same session goes on, and says anew what is on", async () => {
  await Promise.all([media.start([], { mic: true, camera: true }, "seat"), connect()]);
  const { publish, subscribe } = { publish: FakeConnection.all[0]!, subscribe: FakeConnection.all[1]! };
  media.handle({ type: "layers_wanted", source: "camera", rids: [] });
  await settle();
  assert.ok(publish.transceivers[1]?.sender.encodings.every(({ active }) => active === false));
  media.handle({ type: "slots", epoch: 1, audio: [], video: [entry(0, "ada", "camera")] });
  media.handle({ type: "video_paused", paused: [{ user_id: "ada", source: "camera" }] });
  sent = [];
  await media.setMic(false);
  await media.start([], { mic: false, camera: false }, "seat");
  await settle();
  assert.equal(FakeConnection.all.length, 2);
  assert.deepEqual(sent.at(-2), { type: "media_state", mic: false, camera: true, screen: false, watch: true });
  assert.equal(types().at(-1), "media_restart");
  // What it was told of layers and pauses before counts no more: it is told again.
  assert.ok(publish.transceivers[1]?.sender.encodings.some(({ active }) => active !== false));
  assert.ok(said.includes("ada camera shown"));
  await restarted();
  assert.deepEqual([publish.connectionState, subscribe.connectionState], ["connected", "connected"]);
});

test("another session, a broken link or a move under way begins anew after a welcome", async () => {
  void media.start([], { mic: false, camera: false }, "seat");
  const first = await connect();
  void media.start([], { mic: false, camera: false }, "other");
  const second = await connect("y");
  assert.equal(first.publish.connectionState, "closed");
  media.handle({ type: "media_moving" });
  await settle();
  void media.start([], { mic: false, camera: false }, "other");
  const third = await connect("z");
  assert.notEqual(third.publish, second.publish);
  assert.equal(second.publish.connectionState, "closed");
  third.publish.become("failed");
  void media.start([], { mic: false, camera: false }, "other");
  const fourth = await connect("w");
  assert.notEqual(fourth.publish, third.publish);
});

test("credentials that nobody asked for change nothing", async () => {
  void media.start([], { mic: false, camera: false });
  const { publish, subscribe } = await connect();
  const before = [publish.remote.length, subscribe.remote.length];
  await restarted();
  assert.deepEqual([publish.remote.length, subscribe.remote.length], before);
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
  said = [];
  media.handle({ type: "slots", epoch: 2, audio: [], video: [entry(0, "bob", "camera")] });
  assert.deepEqual(said, ["ada camera gone", "bob camera shown"]);
});

test("without watching no picture is shown, and all come back with it", async () => {
  void media.start([], { mic: false, camera: false });
  await connect();
  media.handle({ type: "slots", epoch: 1, audio: [], video: [entry(0, "ada", "camera")] });
  said = [];
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
  sent = [];
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

test("on another network a way is looked for at once, and a break soon after is not waited for", async () => {
  void media.start([], { mic: false, camera: false });
  const { publish } = await connect();
  happen("online");
  await settle();
  assert.equal(publish.restarts, 1, "there was no network before: the old way leads nowhere");
  happen("online");
  await settle();
  assert.equal(publish.restarts, 2, "and yet another network");
  await restarted();
  mock.timers.tick(6_000);
  publish.become("disconnected");
  await settle();
  assert.equal(publish.restarts, 3);
  publish.become("failed");
  assert.equal(said.at(-1), "failed");
  happen("online");
  await settle();
  assert.equal(said.at(-1), "connecting", "it waits for the pause");
  await connect("y");
  assert.equal(said.at(-1), "connected");
});

test("without a change of network a short break is waited for", async () => {
  void media.start([], { mic: false, camera: false });
  const { publish } = await connect();
  publish.become("disconnected");
  mock.timers.tick(900);
  assert.equal(said.at(-1), "connected");
  publish.become("connected");
  mock.timers.tick(5000);
  assert.equal(said.at(-1), "connected");
});

test("the echo booth is said with every state while it is on, also after a lost link, and turns nothing on", async () => {
  void media.start([], { mic: false, camera: false });
  await connect();
  sent = [];
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
