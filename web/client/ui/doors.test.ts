import assert from "node:assert/strict";
import { test } from "node:test";
import type { Error as Refusal } from "../net/messages.ts";
import { Doors } from "./doors.ts";
import type { Answer, Toasts } from "./notices.ts";

function rig() {
  const said: { text: string; answer: Answer | null }[] = [];
  const done: string[] = [];
  const toasts = { show: (text: string, _kind: string, _about: string, answer: Answer | null = null) => said.push({ text, answer }) };
  const doors = new Doors(toasts as unknown as Toasts, {
    letIn: (userId) => done.push(`let in ${userId}`),
    showRooms: () => done.push("rooms"),
    walkIn: (zoneId) => done.push(`walk into ${zoneId}`),
  });
  return { doors, said, done };
}

const error = (code: string, ref: string | number): Refusal => ({ type: "error", code, message: "no", ref });

test("whoever is stopped by a locked door is told where to knock", () => {
  const { doors, said, done } = rig();
  doors.refused(error("room_locked", 7));
  said[0]?.answer?.run();
  assert.deepEqual(done, ["rooms"]);
});

test("a full room and what a button asked for are told; what the page sends by itself is not", () => {
  const { doors, said } = rig();
  for (const [code, ref] of [["room_full", 7], ["not_allowed", "mute"], ["nobody_inside", "knock"]] as const) doors.refused(error(code, ref));
  assert.equal(said.length, 3);
  doors.refused(error("zone_mismatch", "zone_entered"));
  doors.refused(error("rate_limited", 9));
  assert.equal(said.length, 3);
});

test("a knock can be answered, and an opened door is walked through", () => {
  const { doors, said, done } = rig();
  doors.knocked({ type: "knocked", user_id: "bob", name: "Bob" });
  said[0]?.answer?.run();
  doors.opened({ type: "door_opened", zone_id: "room", name: "Ada" });
  assert.deepEqual(done, ["let in bob", "walk into room"]);
});
