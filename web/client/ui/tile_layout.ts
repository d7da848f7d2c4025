/**
 * Where video tiles go so that each is near its avatar and none covers another.
 *
 * Pure, in CSS px of the stage. Large tiles choose first, then by id, so that the order never flickers;
 * each takes the free place nearest to its wish, and rather the one it had. Whoever draws them glides
 * from place to place.
 */
import { bestGrid } from "../meeting/grid.ts";

export interface TileWish {
  id: string;
  /** Where the middle of the tile's lower edge wants to be. */
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Left upper corner. */
export interface TilePlace {
  id: string;
  x: number;
  y: number;
}

export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export const GAP = 8;
/** How much staying counts against being near: of the squared way. */
const STAYING = 0.5;
/** How much more it counts to be too low, where a tile covers the very person whose it is. */
const TOO_LOW = 4;

/** `before`: how far each tile was from its wish last time. */
export function layoutTiles(
  wishes: readonly TileWish[],
  view: Box,
  before: ReadonlyMap<string, { x: number; y: number }> = new Map(),
): TilePlace[] {
  const placed: TileWish[] = [];
  const bySize = [...wishes].sort((a, b) => b.width - a.width || (a.id < b.id ? -1 : 1));
  for (const wish of bySize) {
    const wantX = wish.x - wish.width / 2;
    const wantY = wish.y - wish.height;
    const last = before.get(wish.id);
    const xs = [wantX];
    const ys = [wantY];
    for (const other of placed) {
      xs.push(other.x - wish.width - GAP, other.x + other.width + GAP);
      ys.push(other.y - wish.height - GAP, other.y + other.height + GAP);
    }
    let best = { x: within(wantX, view.left, view.right - wish.width), y: within(wantY, view.top, view.bottom - wish.height) };
    let bestCost = Infinity;
    for (const candidateX of xs) {
      const x = within(candidateX, view.left, view.right - wish.width);
      for (const candidateY of ys) {
        const y = within(candidateY, view.top, view.bottom - wish.height);
        let cost = (x - wantX) ** 2 + (y > wantY ? TOO_LOW : 1) * (y - wantY) ** 2;
        if (last) cost += STAYING * ((x - wantX - last.x) ** 2 + (y - wantY - last.y) ** 2);
        if (cost >= bestCost || placed.some((other) => covers(other, x, y, wish))) continue;
        best = { x, y };
        bestCost = cost;
      }
    }
    placed.push({ ...wish, ...best });
  }
  return placed.map(({ id, x, y }) => ({ id, x, y }));
}

function within(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(value, high));
}

function covers(other: TileWish, x: number, y: number, size: TileWish): boolean {
  const near = GAP - 0.01;
  return (
    x < other.x + other.width + near &&
    other.x < x + size.width + near &&
    y < other.y + other.height + near &&
    other.y < y + size.height + near
  );
}

/** As a grid that fills the view: every tile gets a cell of one size (the wishes' own sizes do not count). */
export function layoutGrid(wishes: readonly TileWish[], view: Box): (TilePlace & { width: number; height: number })[] {
  const [width, height] = [view.right - view.left, view.bottom - view.top];
  const { columns, rows, ...cell } = bestGrid(wishes.length, width, height, GAP);
  const used = Math.min(rows, Math.ceil(wishes.length / columns));
  const top = view.top + (height - used * cell.height - (used - 1) * GAP) / 2;
  return wishes.map(({ id }, i) => {
    const row = Math.floor(i / columns);
    // The last row may be shorter: it stands in the middle.
    const inRow = Math.min(columns, wishes.length - row * columns);
    const left = view.left + (width - inRow * cell.width - (inRow - 1) * GAP) / 2;
    return { id, x: left + (i % columns) * (cell.width + GAP), y: top + row * (cell.height + GAP), ...cell };
  });
}

/** A strip along the upper edge, centred, in as many rows as it takes. */
export function layoutStrip(wishes: readonly TileWish[], view: Box): TilePlace[] {
  const places: TilePlace[] = [];
  let top = view.top;
  for (let i = 0; i < wishes.length; ) {
    let width = 0;
    let height = 0;
    let end = i;
    for (; end < wishes.length; end++) {
      const next = wishes[end] as TileWish;
      const wider = width + next.width + (end > i ? GAP : 0);
      if (end > i && wider > view.right - view.left) break;
      width = wider;
      height = Math.max(height, next.height);
    }
    let left = (view.left + view.right - width) / 2;
    for (; i < end; i++) {
      const wish = wishes[i] as TileWish;
      places.push({ id: wish.id, x: left, y: top });
      left += wish.width + GAP;
    }
    top += height + GAP;
  }
  return places;
}
