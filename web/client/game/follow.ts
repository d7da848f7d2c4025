/**
 * Walking with somebody: where to go next so as to stay beside them, and whom to go with.
 *
 * Pure; px and ms. The way itself is the walker's; this only says when another way is worth having.
 */
import type { Point } from "./collision.ts";

/** How far beside somebody one stands. */
export const BESIDE = 36;
/** As long as they are nearer than this, one stays. */
const NEAR = 56;
/** They have gone this far from where the last way led: it leads elsewhere now. */
const MOVED = 24;
/** Further away than this one runs after them. */
const FAR = 140;
/** Ways are not asked for more often. */
const PACE_MS = 250;
/** Places around somebody that are tried. */
const PLACES = 8;

/** Whether feet can go straight from one place to the other. */
export type Clear = (x0: number, y0: number, x1: number, y1: number) => boolean;

/** A place at arm's length of `them`, on my side if there is room, and never behind a wall. */
export function beside(them: Point, me: Point, clear: Clear): Point {
  const mine = Math.atan2(me.y - them.y, me.x - them.x);
  for (let i = 0; i < PLACES; i += 1) {
    // 0, +1, -1, +2, -2 …: from my side around them.
    const turn = ((i % 2 === 0 ? -i : i + 1) / 2) * ((2 * Math.PI) / PLACES);
    const place = { x: them.x + BESIDE * Math.cos(mine + turn), y: them.y + BESIDE * Math.sin(mine + turn) };
    if (clear(them.x, them.y, place.x, place.y)) return place;
  }
  return { x: them.x, y: them.y };
}

/** Who is nearest; null when nobody is there. */
export function nearest<T extends Point>(me: Point, others: Iterable<T>): T | null {
  let best: T | null = null;
  let least = Infinity;
  for (const other of others) {
    const distance = Math.hypot(other.x - me.x, other.y - me.y);
    if (distance >= least) continue;
    least = distance;
    best = other;
  }
  return best;
}

export interface Step {
  to: Point;
  run: boolean;
}

export class Follow {
  readonly userId: string;
  readonly #clear: Clear;
  /** Where they stood when the last way was asked for. */
  #aimed: Point | null = null;
  #askedAt = -Infinity;

  constructor(userId: string, clear: Clear) {
    this.userId = userId;
    this.#clear = clear;
  }

  /** Where to walk now; null: go on as it is; "soon": ask again although nothing else may move. */
  next(me: Point, them: Point, now: number): Step | "soon" | null {
    const distance = Math.hypot(them.x - me.x, them.y - me.y);
    if (distance <= NEAR) return null;
    if (this.#aimed && Math.hypot(them.x - this.#aimed.x, them.y - this.#aimed.y) < MOVED) return null;
    if (now - this.#askedAt < PACE_MS) return "soon";
    this.#askedAt = now;
    this.#aimed = { x: them.x, y: them.y };
    return { to: beside(them, me, this.#clear), run: distance > FAR };
  }
}
