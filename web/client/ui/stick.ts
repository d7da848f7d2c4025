/**
 * What a thumb on the joystick means. Pure; px.
 */
import type { Wish } from "../game/walker.ts";

/** Parts of the radius: below the first nothing happens, from the second on one runs. */
const DEAD = 0.22;
const RUN = 0.92;

export interface Stick {
  wish: Wish;
  /** Where the knob is drawn, off the centre: never outside the ring. */
  knob: { x: number; y: number };
}

/** The thumb is (x, y) off the centre of a joystick with this radius. */
export function stickAt(x: number, y: number, radius: number): Stick {
  const reach = Math.hypot(x, y);
  const held = Math.min(reach, radius);
  const knob = reach > 0 ? { x: (x / reach) * held, y: (y / reach) * held } : { x: 0, y: 0 };
  if (reach < DEAD * radius) return { wish: { dx: 0, dy: 0, run: false }, knob };
  return { wish: { dx: x / reach, dy: y / reach, run: reach >= RUN * radius }, knob };
}
