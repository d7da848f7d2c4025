/**
 * How loud somebody is in public space, by distance. The world's numbers come with its `welcome`; these
 * are its defaults. Pure.
 */
import type { Hearing } from "../net/messages.ts";

const DEFAULTS: Pick<Hearing, "full" | "radius"> = { full: 48, radius: 300 };

/** Gain 1 within `full` px, falling smoothly to 0 at `radius` px: 1 - smoothstep. */
export function loudness(distance: number, hearing: Pick<Hearing, "full" | "radius"> = DEFAULTS): number {
  const { full, radius } = hearing;
  const t = Math.min(Math.max((distance - full) / (radius - full), 0), 1);
  return 1 - t * t * (3 - 2 * t);
}
