/** A connection whose way breaks: healed by itself, mended by another way, or replaced. */
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { FakeConnection, happen } from "./fake_browser.ts";
import { connect, eachWithASession, entry, forgetSent, media, said, sent, settle, types } from "./session_rig.ts";

eachWithASession();

/** The world's answer to a restart. */
async function restarted(): Promise<void> {
  const publish = { ufrag: "up", password: "secret" };
  media.handle({ type: "media_restarted", publish, subscribe: { ufrag: "down", password: "hidden" } });
  await settle();
}

test("credentials that nobody asked for change nothing", async () => {
  void media.start([], { mic: false, camera: false });
  const { publish, subscribe } = await connect();
  const before = [publish.remote.length, subscribe.remote.length];
  await restarted();
  assert.deepEqual([publish.remote.length, subscribe.remote.length], before);
});

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
  forgetSent();
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
  forgetSent();
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

test("a voice over a way that loses much goes out redundantly, and plainly again", async () => {
  let now = 1_000;
  const clock = mock.method(performance, "now", () => now);
  void media.start([], { mic: true, camera: false });
  const { publish } = await connect();
  const { mid } = publish.transceivers[0] ?? assert.fail("no transceiver");
  const line = `m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\na=mid:${mid}\r\na=rtpmap:111 opus/48000/2\r\n`;
  publish.remoteDescription = { sdp: `v=0\r\n${line}a=rtpmap:63 red/48000/2\r\n` };
  let [packetsSent, packetsLost] = [0, 0];
  const pass = async (seconds: number, loss: number): Promise<string | undefined> => {
    for (let look = 0; look < 2 * seconds; look += 1) {
      now += 500;
      packetsSent += 25;
      packetsLost += 25 * loss;
      publish.counted.set("out", { type: "outbound-rtp", id: "out", mid, packetsSent });
      publish.counted.set("heard", { type: "remote-inbound-rtp", localId: "out", packetsLost });
      mock.timers.tick(500);
      await settle();
    }
    return /SAVPF (.*)\r/.exec(publish.remoteDescription?.sdp ?? "")?.[1];
  };
  const answers = publish.remote.length;
  assert.equal(await pass(10, 0), "111 63");
  assert.equal(publish.remote.length, answers);
  assert.equal(await pass(10, 0.1), "63 111");
  assert.equal(await pass(40, 0), "111 63");
  assert.equal(publish.remote.length, answers + 2);
  publish.remoteDescription = { sdp: line }; // of a server or browser that does not know it
  assert.equal(await pass(10, 0.1), "111 63");
  assert.equal(publish.remote.length, answers + 2);
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
  media.handle({ type: "layers_wanted", source: "camera", rids: [], codec: "" });
  await settle();
  assert.ok(publish.transceivers[1]?.sender.encodings.every(({ active }) => active === false));
  media.handle({ type: "slots", epoch: 1, audio: [], video: [entry(0, "ada", "camera")] });
  media.handle({ type: "video_paused", paused: [{ user_id: "ada", source: "camera" }] });
  forgetSent();
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
