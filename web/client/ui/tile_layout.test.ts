import assert from "node:assert/strict";
import { test } from "node:test";
import { GAP, type TileWish, layoutGrid, layoutStrip, layoutTiles } from "./tile_layout.ts";

const view = { left: 0, top: 0, right: 1200, bottom: 800 };
const tile = (id: string, x: number, y: number, width = 160, height = 110): TileWish => ({ id, x, y, width, height });

function assertApart(wishes: TileWish[], places: { id: string; x: number; y: number }[]): void {
  const boxes = places.map((place) => ({ ...wishes.find((w) => w.id === place.id), ...place }) as TileWish);
  for (const [i, a] of boxes.entries()) {
    for (const b of boxes.slice(i + 1)) {
      const over = Math.min(a.x + a.width - b.x, b.x + b.width - a.x, a.y + a.height - b.y, b.y + b.height - a.y);
      assert.ok(over <= 0.5, `${a.id} and ${b.id} overlap by ${over}`);
    }
  }
}

test("a tile alone is centred above its avatar", () => {
  assert.deepEqual(layoutTiles([tile("a", 400, 300)], view), [{ id: "a", x: 320, y: 190 }]);
});

test("an avatar at the edge keeps its tile in view", () => {
  assert.deepEqual(layoutTiles([tile("a", 10, 20)], view), [{ id: "a", x: 0, y: 0 }]);
  assert.deepEqual(layoutTiles([tile("a", 3000, 3000)], view), [{ id: "a", x: 1040, y: 690 }]);
});

test("two side by side do not cover each other, and one keeps its wish", () => {
  const wishes = [tile("b", 400, 300), tile("a", 460, 300)];
  const places = layoutTiles(wishes, view);
  assertApart(wishes, places);
  assert.deepEqual(places.find((p) => p.id === "a"), { id: "a", x: 380, y: 190 });
});

test("a crowd in one place does not cover itself", () => {
  const wishes = Array.from({ length: 9 }, (_, i) => tile(`p${i}`, 600 + (i % 3) * 20, 400 + Math.floor(i / 3) * 20));
  assertApart(wishes, layoutTiles(wishes, view));
});

test("a crowd in a corner does not cover itself", () => {
  const wishes = Array.from({ length: 6 }, (_, i) => tile(`p${i}`, 20 + i * 10, 40));
  assertApart(wishes, layoutTiles(wishes, view));
});

test("a tile stays on its side while its avatar sways", () => {
  const offsets = new Map<string, { x: number; y: number }>();
  let last = Number.NaN;
  for (let i = 0; i < 60; i++) {
    const wishes = [tile("a", 400, 300), tile("b", 400 + (i % 2) * 6 - 3, 300)];
    for (const place of layoutTiles(wishes, view, offsets)) {
      const wish = wishes.find((w) => w.id === place.id) as TileWish;
      offsets.set(place.id, { x: place.x - wish.x + wish.width / 2, y: place.y - wish.y + wish.height });
      if (place.id === "b" && i > 0) assert.ok(Math.abs(place.y - last) < 10, `frame ${i}`);
      if (place.id === "b") last = place.y;
    }
  }
});

test("a strip is centred and breaks into rows", () => {
  const phone = { left: 8, top: 8, right: 382, bottom: 800 };
  const wishes = ["a", "b", "c"].map((id) => tile(id, 0, 0, 118, 84));
  const places = layoutStrip(wishes, phone);
  assert.deepEqual(places.map((p) => p.y), [8, 8, 8]);
  const more = layoutStrip([...wishes, tile("d", 0, 0, 118, 84)], phone);
  assert.equal(more[3]?.y, 8 + 84 + GAP);
  assert.equal(more[3]?.x, 195 - 59);
});

test("a grid fills the view without overlaps, whatever sizes were wished for", () => {
  const view = { left: 10, top: 60, right: 1010, bottom: 660 };
  for (let count = 1; count <= 17; count++) {
    const wishes = Array.from({ length: count }, (_, i) => ({ id: `t${i}`, x: 0, y: 0, width: 100 + i * 40, height: 80 }));
    const places = layoutGrid(wishes, view);
    assert.equal(places.length, count);
    for (const { x, y, width, height } of places) {
      assert.ok(x >= view.left - 0.01 && x + width <= view.right + 0.01 && y >= view.top - 0.01 && y + height <= view.bottom + 0.01, `${count}`);
    }
    for (const a of places) {
      for (const b of places) {
        if (a === b) continue;
        assert.ok(a.x + a.width <= b.x + 0.01 || b.x + b.width <= a.x + 0.01 || a.y + a.height <= b.y + 0.01 || b.y + b.height <= a.y + 0.01);
      }
    }
  }
  assert.deepEqual(layoutGrid([], view), []);
});

test("a tile goes further aside rather than down onto its own avatar", () => {
  const places = layoutTiles([tile("a", 400, 300), tile("b", 486, 346)], view);
  assert.deepEqual(places.find((p) => p.id === "b"), { id: "b", x: 320 + 160 + GAP, y: 236 });
});
