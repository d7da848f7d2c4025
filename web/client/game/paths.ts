/**
 * The way to a place on the map: A* over tiles, then pulled straight.
 *
 * Pure. Private rooms that one neither stands in nor aims at cost extra, so that a walk through the
 * building does not end other people's conversations.
 */
import type { CollisionGrid, Point } from "./collision.ts";

const STRAIGHT = 1;
const SLANTED = Math.SQRT2;
/** What a tile of somebody else's room costs more. */
const DISTURBING = 8;
/** More tiles than this are not looked at: a map of 500 x 500. */
const MAX_VISITED = 250_000;

export interface Area {
  x: number;
  y: number;
  width: number;
  height: number;
}

const inside = (area: Area, x: number, y: number): boolean =>
  area.x <= x && x < area.x + area.width && area.y <= y && y < area.y + area.height;

/**
 * Places (px) to walk straight to, one after another, ending at `to` or the free place nearest to it;
 * null when there is no way. `rooms` are the areas that one does not walk through for nothing.
 */
export function findPath(grid: CollisionGrid, from: Point, to: Point, rooms: readonly Area[] = []): Point[] | null {
  const goal = grid.nearestFree(to.x, to.y);
  if (!goal) return null;
  const avoided = rooms.filter((room) => !inside(room, from.x, from.y) && !inside(room, goal.x, goal.y));
  const disturbs = (x: number, y: number): boolean => avoided.some((room) => inside(room, x, y));
  if (straight(grid, from, goal, disturbs)) return [goal];
  const tiles = search(grid, cellOf(grid, from), cellOf(grid, goal), disturbs);
  if (!tiles) return null;
  // Feet that stand somewhere can always go to the centre of their tile, where it has room for them.
  const points = [from, ...tiles.map((cell) => centre(grid, cell)), goal];
  return pull(grid, points, disturbs).slice(1);
}

function cellOf(grid: CollisionGrid, point: Point): number {
  const column = Math.min(Math.floor(point.x / grid.tile), grid.columns - 1);
  const row = Math.min(Math.floor(point.y / grid.tile), grid.rows - 1);
  return row * grid.columns + column;
}

function centre(grid: CollisionGrid, cell: number): Point {
  const column = cell % grid.columns;
  return { x: (column + 0.5) * grid.tile, y: ((cell - column) / grid.columns + 0.5) * grid.tile };
}

/** One clear step that walks through nobody's room. */
function straight(grid: CollisionGrid, a: Point, b: Point, disturbs: (x: number, y: number) => boolean): boolean {
  if (!grid.clear(a.x, a.y, b.x, b.y)) return false;
  const steps = Math.ceil(Math.hypot(b.x - a.x, b.y - a.y) / (grid.tile / 4));
  for (let i = 1; i < steps; i++) {
    if (disturbs(a.x + ((b.x - a.x) * i) / steps, a.y + ((b.y - a.y) * i) / steps)) return false;
  }
  return true;
}

function search(
  grid: CollisionGrid,
  start: number,
  goal: number,
  disturbs: (x: number, y: number) => boolean,
): number[] | null {
  const { columns, rows } = grid;
  const cost = new Map<number, number>([[start, 0]]);
  const cameFrom = new Map<number, number>();
  const done = new Set<number>();
  const open = new Heap();
  const goalColumn = goal % columns;
  const goalRow = (goal - goalColumn) / columns;
  const estimate = (column: number, row: number): number => {
    const dx = Math.abs(column - goalColumn);
    const dy = Math.abs(row - goalRow);
    return Math.max(dx, dy) - Math.min(dx, dy) + SLANTED * Math.min(dx, dy);
  };
  open.push(start, 0);
  for (;;) {
    const cell = open.pop();
    if (cell === null || done.size > MAX_VISITED) return null;
    if (cell === goal) break;
    if (done.has(cell)) continue;
    done.add(cell);
    const column = cell % columns;
    const row = (cell - column) / columns;
    const here = centre(grid, cell);
    for (let dy = -1; dy <= 1; dy++) {
      for (let dx = -1; dx <= 1; dx++) {
        const c = column + dx;
        const r = row + dy;
        if ((dx === 0 && dy === 0) || c < 0 || r < 0 || c >= columns || r >= rows) continue;
        const next = r * columns + c;
        if (done.has(next) || grid.blocks(c, r)) continue;
        const there = centre(grid, next);
        if (!grid.clear(here.x, here.y, there.x, there.y)) continue;
        let step = dx !== 0 && dy !== 0 ? SLANTED : STRAIGHT;
        if (disturbs(there.x, there.y)) step += DISTURBING;
        const total = (cost.get(cell) ?? Infinity) + step;
        if (total >= (cost.get(next) ?? Infinity)) continue;
        cost.set(next, total);
        cameFrom.set(next, cell);
        open.push(next, total + estimate(c, r));
      }
    }
  }
  const way = [goal];
  for (let cell = cameFrom.get(goal); cell !== undefined; cell = cameFrom.get(cell)) way.push(cell);
  return way.reverse();
}

/** Leaves out every point that one can see past. */
function pull(grid: CollisionGrid, points: Point[], disturbs: (x: number, y: number) => boolean): Point[] {
  const out: Point[] = [];
  let i = 0;
  while (i < points.length) {
    const here = points[i] as Point;
    out.push(here);
    let next = i + 1;
    for (let j = points.length - 1; j > i + 1; j--) {
      if (straight(grid, here, points[j] as Point, disturbs)) {
        next = j;
        break;
      }
    }
    i = next;
  }
  return out;
}

/** A binary heap of cells by cost. */
class Heap {
  readonly #cells: number[] = [];
  readonly #costs: number[] = [];

  push(cell: number, cost: number): void {
    let i = this.#cells.length;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if ((this.#costs[parent] as number) <= cost) break;
      this.#cells[i] = this.#cells[parent] as number;
      this.#costs[i] = this.#costs[parent] as number;
      i = parent;
    }
    this.#cells[i] = cell;
    this.#costs[i] = cost;
  }

  pop(): number | null {
    const top = this.#cells[0];
    const cell = this.#cells.pop();
    const cost = this.#costs.pop();
    if (top === undefined || cell === undefined || cost === undefined) return null;
    const size = this.#cells.length;
    if (size === 0) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= size) break;
      if (child + 1 < size && (this.#costs[child + 1] as number) < (this.#costs[child] as number)) child++;
      if ((this.#costs[child] as number) >= cost) break;
      this.#cells[i] = this.#cells[child] as number;
      this.#costs[i] = this.#costs[child] as number;
      i = child;
    }
    this.#cells[i] = cell;
    this.#costs[i] = cost;
    return top;
  }
}
