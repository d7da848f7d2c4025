/**
 * Where one can sit: points of type `seat` in the map's object layers, each with the way that one looks. Pure.
 */
import type { Direction } from "../net/messages.ts";
import type { Point } from "./collision.ts";
import type { TiledMap } from "./tiled.ts";

export interface Seat extends Point {
  facing: Direction;
}

/** Further away (px) than this a seat is not meant. */
export const REACH = 110;
/** Somebody so near (px) to a seat sits on it. */
const TAKEN = 18;
const FACINGS: readonly string[] = ["up", "down", "left", "right"];

export function seatsOf(map: TiledMap): Seat[] {
  const seats: Seat[] = [];
  for (const layer of map.layers) {
    if (layer.type !== "objectgroup") continue;
    for (const { type, x, y, properties } of layer.objects ?? []) {
      if (type !== "seat") continue;
      const facing = properties?.find(({ name }) => name === "facing")?.value;
      seats.push({ x, y, facing: typeof facing === "string" && FACINGS.includes(facing) ? (facing as Direction) : "down" });
    }
  }
  return seats;
}

/** The nearest seat that nobody has; null when none is within reach. */
export function freeSeat(seats: readonly Seat[], me: Point, others: readonly Point[]): Seat | null {
  let best: Seat | null = null;
  let least = REACH;
  for (const seat of seats) {
    const away = Math.hypot(seat.x - me.x, seat.y - me.y);
    if (away >= least || others.some(({ x, y }) => Math.hypot(seat.x - x, seat.y - y) < TAKEN)) continue;
    best = seat;
    least = away;
  }
  return best;
}
