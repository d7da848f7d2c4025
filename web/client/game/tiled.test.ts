import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { CollisionGrid } from "./collision.ts";
import { FLIP_X, type TiledMap, blockedCells, imagesOf, pictureOf, stacks } from "./tiled.ts";

const layer = (name: string, data: number[], more = {}) =>
  ({ type: "tilelayer", name, visible: true, opacity: 1, data, ...more }) as const;

const map: TiledMap = {
  width: 3,
  height: 2,
  tilewidth: 32,
  tileheight: 32,
  tilesets: [
    { firstgid: 1, tilewidth: 32, tileheight: 32, tilecount: 8, columns: 4, margin: 1, spacing: 2, image: "a.png",
      tiles: [{ id: 5, properties: [{ name: "collides", value: true }] }] },
    { firstgid: 9, tilewidth: 64, tileheight: 48, tilecount: 1, columns: 0, margin: 0, spacing: 0,
      tiles: [{ id: 0, image: "tree.png", imagewidth: 64, imageheight: 48 }] },
  ],
  layers: [
    layer("Floor", [1, 1, 1, 1, 6, 1]),
    layer("Hidden", [1, 1, 1, 1, 1, 1], { visible: false }),
    layer("Collision", [0, 0, 7, 0, 0, 0], { visible: false }),
    layer("Above", [0, 0, 0, 0, 0, 2]),
    layer("Lamps", [0, 0, 0, 0, 0, 3]),
  ],
};

test("a tile's picture is found through margin and spacing, turned or not", () => {
  assert.deepEqual(pictureOf(map, 6), { image: "a.png", x: 1 + 34, y: 1 + 34, width: 32, height: 32 });
  assert.deepEqual(pictureOf(map, (6 | FLIP_X) >>> 0), pictureOf(map, 6));
  assert.deepEqual(pictureOf(map, 9), { image: "tree.png", x: 0, y: 0, width: 64, height: 48 });
  assert.equal(pictureOf(map, 0), null);
  assert.deepEqual([...imagesOf(map)].sort(), ["a.png", "tree.png"]);
});

test("people stand between what is below Above and what follows it; hidden layers are not drawn", () => {
  const { below, above } = stacks(map);
  assert.deepEqual(below.map((l) => l.name), ["Floor"]);
  assert.deepEqual(above.map((l) => l.name), ["Above", "Lamps"]);
});

test("hidden Collision cells block, and tiles that say that they collide", () => {
  assert.deepEqual([...blockedCells(map)], [0, 0, 1, 0, 1, 0]);
});

test("the Office that comes with the game can be walked from spawn to every room", async () => {
  const { findPath } = await import("./paths.ts");
  const file = new URL("../../../maps/templates/office/map.json", import.meta.url);
  const office = JSON.parse(readFileSync(file, "utf8")) as TiledMap;
  const grid = new CollisionGrid(office.width, office.height, office.tilewidth, blockedCells(office), 8, 5);
  const zones = office.layers.find((l) => l.name === "Zones");
  assert.ok(zones?.type === "objectgroup");
  const rooms = zones.objects.filter((o) => o.width > 0);
  assert.equal(rooms.length, 4);
  for (const room of rooms) {
    const goal = { x: room.x + room.width / 2, y: room.y + room.height / 2 };
    const path = findPath(grid, { x: 465.33, y: 577.33 }, goal);
    assert.ok(path && path.length > 0);
  }
});
