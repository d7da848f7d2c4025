import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseDevice, parseChoice, sortDevices } from "./devices.ts";

const listed = (kind: MediaDeviceKind, deviceId: string, label: string) => ({ kind, deviceId, label });

test("devices are sorted by kind, numbered where they have no name, and dropped without an id", () => {
  const list = sortDevices([
    listed("audioinput", "1", "Headset"),
    listed("audioinput", "2", ""),
    listed("videoinput", "", ""),
    listed("audiooutput", "3", "Speakers"),
  ]);
  assert.deepEqual(list, {
    mic: [
      { id: "1", label: "Headset" },
      { id: "2", label: "Microphone 2" },
    ],
    camera: [],
    speaker: [{ id: "3", label: "Speakers" }],
  });
});

test("a remembered device is found by id, then by name, else the default is used", () => {
  const list = [
    { id: "new", label: "Headset" },
    { id: "x", label: "Laptop" },
  ];
  assert.equal(chooseDevice(list, { id: "x", label: "Headset" })?.id, "x");
  assert.equal(chooseDevice(list, { id: "old", label: "Headset" })?.id, "new");
  assert.equal(chooseDevice(list, { id: "old", label: "Gone" }), undefined);
  assert.equal(chooseDevice(list, undefined), undefined);
});

test("a broken memory is no memory", () => {
  for (const text of [null, "", "{", "3", "null", "[]", '{"mic":1}', '{"mic":{"id":1,"label":"a"}}']) {
    assert.deepEqual(parseChoice(text), {}, `memory ${text}`);
  }
  assert.deepEqual(parseChoice('{"camera":{"id":"1","label":"Cam","more":2}}'), {
    camera: { id: "1", label: "Cam" },
  });
});
