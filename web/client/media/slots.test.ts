import assert from "node:assert/strict";
import { test } from "node:test";
import type { SlotInfo, Source } from "../net/messages.ts";
import { SlotTable, slotOfMid } from "./slots.ts";

const entry = (slot: number, user_id: string, source: Source, gain = 1): SlotInfo => ({
  slot,
  user_id,
  source,
  gain,
});

test("somebody new in an audio slot is a change of person", () => {
  const table = new SlotTable();
  const { audio } = table.apply({ audio: [entry(3, "ada", "mic", 0.4)], video: [] });
  assert.deepEqual(audio, [
    { slot: 3, occupant: { userId: "ada", source: "mic", gain: 0.4 }, changedPerson: true },
  ]);
});

test("the same person with another gain is not a change of person", () => {
  const table = new SlotTable();
  table.apply({ audio: [entry(0, "ada", "mic", 0.4)], video: [] });
  const { audio } = table.apply({ audio: [entry(0, "ada", "mic", 0.6)], video: [] });
  assert.equal(audio.length, 1);
  assert.equal(audio[0]?.changedPerson, false);
});

test("the same picture again changes nothing", () => {
  const table = new SlotTable();
  const picture = { audio: [entry(0, "ada", "mic")], video: [entry(0, "ada", "camera")] };
  table.apply(picture);
  assert.deepEqual(table.apply(picture), { audio: [], video: { gone: [], shown: [] } });
});

test("a slot that is not named any more falls silent", () => {
  const table = new SlotTable();
  table.apply({ audio: [entry(0, "ada", "mic"), entry(1, "bob", "mic")], video: [] });
  const { audio } = table.apply({ audio: [entry(1, "bob", "mic")], video: [] });
  assert.deepEqual(audio, [{ slot: 0, occupant: null, changedPerson: true }]);
  assert.deepEqual([...table.audio.keys()], [1]);
});

test("microphone and screen sound of one person are two occupants", () => {
  const table = new SlotTable();
  table.apply({ audio: [entry(0, "ada", "mic")], video: [] });
  const { audio } = table.apply({ audio: [entry(0, "ada", "screen_audio")], video: [] });
  assert.equal(audio[0]?.changedPerson, true);
});

test("a picture that moves to another slot is shown there and never reported gone", () => {
  const table = new SlotTable();
  table.apply({ audio: [], video: [entry(3, "ada", "camera")] });
  const { video } = table.apply({ audio: [], video: [entry(5, "ada", "camera")] });
  assert.deepEqual(video, { gone: [], shown: [{ userId: "ada", source: "camera", slot: 5 }] });
});

test("when two people exchange slots both are shown anew", () => {
  const table = new SlotTable();
  table.apply({ audio: [], video: [entry(0, "ada", "camera"), entry(1, "bob", "camera")] });
  const { video } = table.apply({
    audio: [],
    video: [entry(1, "ada", "camera"), entry(0, "bob", "camera")],
  });
  assert.deepEqual(video.gone, []);
  assert.deepEqual(video.shown.map(({ userId, slot }) => [userId, slot]), [
    ["ada", 1],
    ["bob", 0],
  ]);
});

test("a slot that changes its person ends one picture and starts the other", () => {
  const table = new SlotTable();
  table.apply({ audio: [], video: [entry(0, "ada", "camera")] });
  const { video } = table.apply({ audio: [], video: [entry(0, "bob", "camera")] });
  assert.deepEqual(video.gone.map(({ userId }) => userId), ["ada"]);
  assert.deepEqual(video.shown.map(({ userId }) => userId), ["bob"]);
});

test("a paused picture ends and comes back where its slot is then", () => {
  const table = new SlotTable();
  table.apply({ audio: [], video: [entry(0, "ada", "camera"), entry(1, "bob", "camera")] });
  const paused = table.pause([{ user_id: "ada", source: "camera" }]);
  assert.deepEqual(paused.gone.map(({ userId }) => userId), ["ada"]);
  assert.deepEqual(table.video.map(({ userId }) => userId), ["bob"]);
  const moved = table.apply({ audio: [], video: [entry(1, "bob", "camera"), entry(2, "ada", "camera")] });
  assert.deepEqual(moved.video, { gone: [], shown: [] });
  const back = table.pause([]);
  assert.deepEqual(back.shown, [{ userId: "ada", source: "camera", slot: 2 }]);
  assert.deepEqual(table.pause([{ user_id: "nobody", source: "screen" }]), { gone: [], shown: [] });
});

test("camera and screen of one person are two pictures", () => {
  const table = new SlotTable();
  table.apply({ audio: [], video: [entry(0, "ada", "camera"), entry(1, "ada", "screen")] });
  const { video } = table.apply({ audio: [], video: [entry(0, "ada", "camera")] });
  assert.deepEqual(video.gone.map(({ source }) => source), ["screen"]);
});

test("a MID names a slot, or nothing", () => {
  assert.deepEqual(slotOfMid("a0"), { kind: "audio", slot: 0 });
  assert.deepEqual(slotOfMid("v11"), { kind: "video", slot: 11 });
  for (const mid of [null, "", "0", "a", "b1", "a-1", "va1", "a1 ", "a1234"]) {
    assert.equal(slotOfMid(mid), null, `MID ${mid}`);
  }
});
