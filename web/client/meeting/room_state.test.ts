import assert from "node:assert/strict";
import { test } from "node:test";
import type { PlayerInfo, Welcome } from "../net/messages.ts";
import { RoomState } from "./room_state.ts";

const person = (user_id: string, zone_id: string | null, x = 0): PlayerInfo => ({
  user_id,
  name: user_id,
  avatar: "a",
  presence: "guest",
  x,
  y: 0,
  direction: "down",
  zone_id,
  showing: { status: "available", seated: false },
  media: { mic: false, camera: false, screen: false },
});

const welcome = (zoneId: string, players: PlayerInfo[]): Welcome => ({
  type: "welcome",
  you: { ...person("me", zoneId), role: "guest", session: "s" },
  server: { id: "s", name: "Guild" },
  map: { name: "office", url: "", width: 0, height: 0, tile: 32, foot_half_width: 8, foot_half_height: 5 },
  zones: [
    { id: "room", name: "Room", type: "PRIVATE", bounds: { x: 0, y: 0, width: 9, height: 9 }, meeting_id: null, locked: false, capacity: null },
    { id: "hall", name: "Hall", type: "PUBLIC", bounds: { x: 0, y: 9, width: 9, height: 9 }, meeting_id: null, locked: false, capacity: null },
  ],
  players,
  ice_servers: [],
  resume: "r",
  hearing: { full: 48, radius: 300, keep: 330, prewarm: 360 },
  speed: 1,
  tick_ms: 100,
});

const names = (room: RoomState): string[] => room.others.map(({ user_id }) => user_id);

test("a meeting lists the people of its own room, never myself and nobody beside it", () => {
  const room = new RoomState();
  room.take(welcome("room", [person("me", "room"), person("ada", "room"), person("bob", "hall"), person("eve", null)]));
  assert.deepEqual(names(room), ["ada"]);
});

test("people come, leave, and step in and out", () => {
  const room = new RoomState();
  room.take(welcome("room", [person("bob", "hall")]));
  assert.equal(room.take({ type: "players", joined: [person("ada", "room")] }), true);
  assert.equal(room.take({ type: "zone_changed", user_id: "bob", zone_id: "room" }), true);
  assert.deepEqual(names(room), ["bob", "ada"]);
  room.take({ type: "zone_changed", user_id: "ada", zone_id: "hall" });
  room.take({ type: "players", left: ["bob"] });
  assert.deepEqual(names(room), []);
});

test("a tick in which people only move asks for no new picture", () => {
  const room = new RoomState();
  room.take(welcome("hall", [person("ada", "hall", 10)]));
  assert.equal(room.take({ type: "players", moved: [["ada", 200, 0, "left"]] }), false);
  assert.ok(room.gainOf("ada") < 1);
});

test("in a private room everybody is heard fully, in a public one by distance", () => {
  const room = new RoomState();
  room.take(welcome("room", [person("ada", "room", 5_000), person("bob", "hall")]));
  assert.equal(room.gainOf("ada"), 1);
  assert.equal(room.gainOf("bob"), 0);
  room.take(welcome("hall", [person("ada", "hall", 400), person("bob", "hall", 100)]));
  assert.equal(room.gainOf("ada"), 0);
  assert.ok(room.gainOf("bob") > 0.5);
  assert.equal(room.gainOf("stranger"), 0);
});

test("a welcome after a reconnect starts from its own picture", () => {
  const room = new RoomState();
  room.take(welcome("room", [person("ada", "room")]));
  room.take(welcome("room", [person("cleo", "room")]));
  assert.deepEqual(names(room), ["cleo"]);
});

test("what somebody says of their microphone is kept", () => {
  const room = new RoomState();
  room.take(welcome("room", [person("ada", "room")]));
  room.take({ type: "media_changed", user_id: "ada", media: { mic: true, camera: false, screen: false } });
  assert.equal(room.others[0]?.media.mic, true);
});
