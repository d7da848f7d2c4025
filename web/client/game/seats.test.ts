import assert from "node:assert/strict";
import { test } from "node:test";
import { REACH, freeSeat, seatsOf } from "./seats.ts";
import type { TiledMap } from "./tiled.ts";

const seat = (x: number, y: number, facing: "up" | "down" = "down") => ({ x, y, facing });

test("seats are the points of that type, looking where the map says", () => {
  const objects = [
    { type: "seat", x: 10, y: 20, properties: [{ name: "facing", type: "string", value: "up" }] },
    { type: "seat", x: 30, y: 20, properties: [{ name: "facing", type: "string", value: "sideways" }] },
    { type: "private", x: 0, y: 0 },
  ];
  const map = { layers: [{ type: "objectgroup", name: "Seats", objects }, { type: "objectgroup", name: "Empty" }] };
  assert.deepEqual(seatsOf(map as unknown as TiledMap), [seat(10, 20, "up"), seat(30, 20)]);
});

test("one sits on the nearest seat that nobody has", () => {
  const seats = [seat(10, 0), seat(40, 0), seat(70, 0)];
  assert.deepEqual(freeSeat(seats, { x: 0, y: 0 }, []), seats[0]);
  assert.deepEqual(freeSeat(seats, { x: 0, y: 0 }, [{ x: 12, y: 3 }]), seats[1]);
  assert.deepEqual(freeSeat(seats, { x: 0, y: 0 }, seats), null);
});

test("a seat out of reach is not meant", () => {
  assert.equal(freeSeat([seat(REACH, 0)], { x: 0, y: 0 }, []), null);
});
