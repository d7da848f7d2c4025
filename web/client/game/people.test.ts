import assert from "node:assert/strict";
import { test } from "node:test";
import type { PlayerInfo, Welcome } from "../net/messages.ts";
import { type Change, People } from "./people.ts";

const off = { mic: false, camera: false, screen: false };
const bounds = { x: 0, y: 0, width: 300, height: 200 };

function player(id: string, x: number, zone_id: string | null = "hall"): PlayerInfo {
  return { user_id: id, name: id, avatar: "a", presence: "walker", x, y: 0, direction: "down", zone_id, media: off, showing: { status: "available", seated: false } };
}

function welcome(...players: PlayerInfo[]): Welcome {
  return {
    type: "welcome",
    you: { ...player("me", 0), role: "member", session: "s" },
    server: { id: "s", name: "Home" },
    map: { name: "office", url: "/m", width: 960, height: 640, tile: 32, foot_half_width: 8, foot_half_height: 5 },
    zones: [
      { id: "hall", name: "Hall", type: "PUBLIC", bounds, meeting_id: null, locked: false, capacity: null },
      { id: "room", name: "Room_1", type: "PRIVATE", bounds, meeting_id: null, locked: false, capacity: null },
    ],
    players,
    ice_servers: [],
    resume: "r",
    hearing: { full: 48, radius: 300, keep: 330, prewarm: 360 },
    speed: 360,
    tick_ms: 50,
  };
}

function people(...players: PlayerInfo[]) {
  const changes: Change[] = [];
  const here = new People((change) => changes.push(change));
  here.handle(welcome(...players), 0);
  changes.length = 0;
  return { here, changes };
}

test("who joins, moves and leaves is known, and I am not one of the others", () => {
  const { here, changes } = people(player("ada", 100));
  here.handle({ type: "players", joined: [player("bob", 50), player("me", 1)], left: ["ada", "nobody"] }, 10);
  here.handle({ type: "players", moved: [["bob", 60, 0, "right"], ["nobody", 1, 1, "up"]] }, 50);
  assert.deepEqual([...here.others.keys()], ["bob"]);
  assert.equal(here.pose("bob", 1000)?.x, 60);
  assert.deepEqual(changes.map((c) => c.what), ["joined", "left", "moved"]);
});

test("a second welcome is the whole truth: nobody stands there twice, nobody who left stays", () => {
  const { here } = people(player("ada", 100), player("bob", 50));
  here.handle(welcome(player("bob", 70)), 1000);
  assert.deepEqual([...here.others.keys()], ["bob"]);
  assert.equal(here.pose("bob", 1000)?.x, 70);
});

test("one told again keeps their way and takes their new state", () => {
  const { here } = people(player("ada", 100));
  here.handle({ type: "players", joined: [{ ...player("ada", 110), media: { ...off, mic: true } }] }, 1000);
  assert.equal(here.pose("ada", 1000)?.x, 100);
  assert.equal(here.pose("ada", 1100)?.x, 110);
  assert.equal(here.others.get("ada")?.media.mic, true);
});

test("loudness follows what is drawn, and ends at a room's border", () => {
  const { here } = people(player("ada", 40));
  assert.equal(here.gainOf("ada", 0, 0, 1000), 1);
  here.handle({ type: "players", moved: [["ada", 160, 0, "right"]] }, 1000);
  const drawn = here.gainOf("ada", 0, 0, 1060);
  assert.ok(drawn > here.gainOf("ada", 0, 0, 1100) && drawn < 1);
  here.handle({ type: "zone_changed", user_id: "ada", zone_id: "room" }, 1200);
  assert.equal(here.gainOf("ada", 160, 0, 1300), 0);
  here.handle({ type: "zone_changed", user_id: "me", zone_id: "room" }, 1300);
  assert.equal(here.gainOf("ada", 9000, 0, 1400), 1);
  assert.equal(here.myRoom?.name, "Room_1");
  assert.equal(here.gainOf("nobody", 0, 0, 1400), 0);
});

test("how somebody shows themselves and what they wear is kept, mine too", () => {
  const { here, changes } = people(player("bob", 100));
  here.handle({ type: "shown", user_id: "bob", showing: { status: "away", seated: true } }, 0);
  here.handle({ type: "look_changed", user_id: "me", name: "Me again", avatar: "flint" }, 0);
  here.handle({ type: "shown", user_id: "stranger", showing: { status: "busy", seated: false } }, 0);
  assert.deepEqual(here.others.get("bob")?.showing, { status: "away", seated: true });
  assert.deepEqual([here.me?.name, here.avatarOf("me")], ["Me again", "flint"]);
  assert.deepEqual(changes, [{ what: "showing", userId: "bob" }, { what: "look", userId: "me" }]);
});
