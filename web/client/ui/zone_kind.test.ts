import assert from "node:assert/strict";
import { test } from "node:test";
import type { ZoneInfo } from "../net/messages.ts";
import { closedBy } from "./zone_kind.ts";

const room: ZoneInfo = { id: "r", name: "Room", type: "PRIVATE", bounds: { x: 0, y: 0, width: 9, height: 9 }, meeting_id: null, locked: false, capacity: null };

test("a locked room is closed, a full one as soon as its last place is taken", () => {
  assert.equal(closedBy(room, 400), null, "nobody said how many");
  assert.equal(closedBy({ ...room, locked: true }, 0), "locked");
  assert.equal(closedBy({ ...room, capacity: 2 }, 1), null);
  assert.equal(closedBy({ ...room, capacity: 2 }, 2), "full");
});

test("only private rooms have a door", () => {
  assert.equal(closedBy({ ...room, type: "PUBLIC", locked: true, capacity: 1 }, 5), null);
});
