import assert from "node:assert/strict";
import { test } from "node:test";
import { iceUfrag, SCREEN_SOUND, VOICE, withCredentials, withOpus, withFirst } from "./sdp.ts";

const lines = (...all: string[]): string => `${all.join("\r\n")}\r\n`;
const ANSWER = lines(
  "v=0",
  "o=- 1 1 IN IP4 127.0.0.1",
  "a=ice-ufrag:abcd",
  "m=audio 9 UDP/TLS/RTP/SAVPF 111",
  "a=mid:0",
  "a=rtpmap:111 opus/48000/2",
  "a=fmtp:111 minptime=10;useinbandfec=1",
  "m=video 9 UDP/TLS/RTP/SAVPF 96",
  "a=mid:1",
  "a=rtpmap:96 VP8/90000",
  "m=audio 9 UDP/TLS/RTP/SAVPF 111",
  "a=mid:3",
  "a=rtpmap:111 opus/48000/2",
);

test("speech gets DTX and FEC on its own m-line only", () => {
  const tuned = withOpus(ANSWER, "0", VOICE);
  assert.match(tuned, /a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1;stereo=0;maxaveragebitrate=32000\r\n/);
  assert.equal(tuned.split("a=fmtp:111").length, 2);
  assert.equal(tuned.split("\r\n").length, ANSWER.split("\r\n").length);
});

test("an m-line without fmtp gets one, right after its rtpmap", () => {
  const tuned = withOpus(ANSWER, "3", SCREEN_SOUND);
  assert.ok(
    tuned.endsWith(
      lines(
        "a=mid:3",
        "a=rtpmap:111 opus/48000/2",
        "a=fmtp:111 useinbandfec=1;usedtx=0;stereo=1;maxaveragebitrate=96000",
      ),
    ),
  );
});

test("an m-line without opus and a MID that is not there stay as they are", () => {
  assert.equal(withOpus(ANSWER, "1", VOICE), ANSWER);
  assert.equal(withOpus(ANSWER, "9", VOICE), ANSWER);
  assert.equal(withOpus("garbage", "0", VOICE), "garbage");
});

test("other ICE credentials take the place of the old ones on every m-line, and nothing else changes", () => {
  const both = lines("v=0", "m=audio", "a=ice-ufrag:old", "a=ice-pwd:secret", "m=video", "a=ice-ufrag:old", "a=ice-pwd:secret");
  assert.equal(
    withCredentials(both, { ufrag: "new", password: "$1word" }),
    lines("v=0", "m=audio", "a=ice-ufrag:new", "a=ice-pwd:$1word", "m=video", "a=ice-ufrag:new", "a=ice-pwd:$1word"),
  );
});

test("the ICE username fragment is read, or is not there", () => {
  assert.equal(iceUfrag(ANSWER), "abcd");
  assert.equal(iceUfrag("v=0"), null);
});

test("a codec becomes the first of its m-line, and of no other", () => {
  const line = (mid: string): string =>
    `m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9\r\na=mid:${mid}\r\na=rtpmap:111 opus/48000/2\r\na=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n`;
  const sdp = `v=0\r\n${line("0")}${line("1")}`;
  assert.equal(withFirst(sdp, "1", "red"), `v=0\r\n${line("0")}${line("1").replace("111 63 9", "63 111 9")}`);
  assert.equal(withFirst(withFirst(sdp, "1", "red") ?? "", "1", "opus"), sdp);
  assert.equal(withFirst(sdp, "2", "red"), null);
  assert.equal(withFirst(sdp, "1", "VP8"), null);
});
