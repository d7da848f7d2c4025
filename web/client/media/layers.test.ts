import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { FakeConnection, FakeTrack, installFakeBrowser } from "./fake_browser.ts";
import { cameraEncodings, type Encoding, layerCount, tune } from "./layers.ts";
import { Publication } from "./publish.ts";

const ALL = new Set(["q", "h", "f"]);
const sizes = (encodings: readonly RTCRtpEncodingParameters[]): unknown[] =>
  encodings.map(({ active, scaleResolutionDownBy }) => (active ? scaleResolutionDownBy : "rests"));

test("a picture is sent in as many layers as it is large, whichever way it stands", () => {
  assert.equal(layerCount(1280, 720), 3);
  assert.equal(layerCount(540, 960), 3);
  assert.equal(layerCount(640, 360), 2);
  assert.equal(layerCount(320, 180), 1);
  assert.equal(layerCount(undefined, undefined), 3);
});

test("layers halve from the picture's own size down", () => {
  assert.deepEqual(sizes(tune(cameraEncodings(), 3, ALL)), [4, 2, 1]);
  assert.deepEqual(sizes(tune(cameraEncodings(), 2, ALL)), [2, 1, "rests"]);
  assert.deepEqual(sizes(tune(cameraEncodings(), 1, ALL)), [1, "rests", "rests"]);
});

test("each larger layer may take more, and a small picture's best layer what its size is worth", () => {
  const bits = tune(cameraEncodings(), 3, ALL).map(({ maxBitrate }) => maxBitrate ?? 0);
  assert.deepEqual(bits, [...bits].sort((a, b) => a - b));
  assert.equal(tune(cameraEncodings(), 2, ALL)[1]?.maxBitrate, bits[2]);
});

test("only what is wanted is sent; nothing when nobody watches", () => {
  assert.deepEqual(sizes(tune(cameraEncodings(), 3, new Set(["q", "h"]))), [4, 2, "rests"]);
  assert.deepEqual(sizes(tune(cameraEncodings(), 3, new Set())), ["rests", "rests", "rests"]);
});

test("a source of one stream is sent or rests as a whole", () => {
  assert.equal(tune([{ maxBitrate: 1 }], 3, new Set([""]))[0]?.active, true);
  assert.equal(tune([{ maxBitrate: 1 }], 3, new Set())[0]?.active, false);
});

// --- the publish connection ------------------------------------------------------------------

let publication: Publication;

beforeEach(async () => {
  installFakeBrowser();
  publication = new Publication([]);
  await publication.offer();
});

const sent = (line: number): unknown[] =>
  sizes((FakeConnection.all.at(-1) as FakeConnection).transceivers[line]?.sender.encodings ?? []);
const picture = (width: number, height: number): MediaStreamTrack => {
  const track = new FakeTrack("video", "own");
  track.settings = { width, height };
  return track as unknown as MediaStreamTrack;
};

test("the camera's layers follow the picture that it gives", async () => {
  await publication.send("camera", picture(960, 540));
  assert.deepEqual(sent(1), [4, 2, 1]);
  await publication.send("camera", picture(640, 360));
  assert.deepEqual(sent(1), [2, 1, "rests"]);
});

test("layers that nobody receives rest and come back, also after the camera was off", async () => {
  await publication.answer("v=0");
  await publication.send("camera", picture(960, 540));
  await publication.want("camera", ["q"]);
  assert.deepEqual(sent(1), [4, "rests", "rests"]);
  await publication.send("camera", null);
  await publication.want("camera", ["q", "h"]);
  await publication.send("camera", picture(960, 540));
  assert.deepEqual(sent(1), [4, 2, "rests"]);
  await publication.want("camera", ["q", "h", "f"]);
  assert.deepEqual(sent(1), [4, 2, 1]);
});

test("what was wanted of the connection before counts for nothing", async () => {
  await publication.send("camera", picture(960, 540));
  await publication.want("camera", []);
  assert.deepEqual(sent(1), [4, 2, 1]);
});

test("a screen that nobody sees is not sent", async () => {
  await publication.answer("v=0");
  await publication.send("screen", picture(1920, 1080));
  await publication.want("screen", []);
  assert.deepEqual(sent(2), ["rests"]);
});

test("a browser that refuses goes on sending what it sent", async () => {
  await publication.answer("v=0");
  const sender = (FakeConnection.all.at(-1) as FakeConnection).transceivers[1]?.sender;
  assert.ok(sender);
  sender.setParameters = () => Promise.reject(new DOMException("no", "InvalidModificationError"));
  await publication.send("camera", picture(960, 540));
  await publication.want("camera", ["q"]);
});

test("the picture is sent in the codec that was asked for, and stays in it until another is", async () => {
  const codecs = (): unknown[] =>
    ((FakeConnection.all.at(-1) as FakeConnection).transceivers[1]?.sender.encodings ?? [])
      .map(({ codec }: Encoding) => codec?.mimeType);
  await publication.answer("v=0");
  await publication.send("camera", picture(960, 540));
  await publication.want("camera", ["q", "h", "f"]);
  assert.deepEqual(codecs(), [undefined, undefined, undefined]);
  await publication.want("camera", ["q", "h", "f"], "H264");
  assert.deepEqual(codecs(), ["video/H264", "video/H264", "video/H264"]);
  await publication.want("camera", ["q"]);
  await publication.send("camera", picture(640, 360));
  assert.deepEqual(codecs(), ["video/H264", "video/H264", "video/H264"]);
  await publication.want("camera", ["q"], "AV1"); // was not negotiated
  assert.deepEqual(codecs(), ["video/H264", "video/H264", "video/H264"]);
  await publication.want("camera", ["q"], "VP8");
  assert.deepEqual(codecs(), ["video/VP8", "video/VP8", "video/VP8"]);
});
