/**
 * How loud somebody is for me: the world's own formula, evaluated between its ticks.
 *
 * Pure. The world decides who is heard at all; this only fades what arrives.
 */
import type { Hearing, ZoneInfo } from "../net/messages.ts";

/** t²(3 − 2t) on 0..1, flat outside. */
export function smoothstep(t: number): number {
  const c = Math.min(Math.max(t, 0), 1);
  return c * c * (3 - 2 * c);
}

/** Gain 0..1 at `distance` px in public space: 1 within `full`, 0 from `radius` on. */
export function fade(distance: number, hearing: Hearing): number {
  return 1 - smoothstep((distance - hearing.full) / (hearing.radius - hearing.full));
}

export interface Place {
  x: number;
  y: number;
  zone_id: string | null;
}

/** The private room that a zone id names; null for every part of public space. */
export function roomOf(zoneId: string | null, zones: ReadonlyMap<string, ZoneInfo>): string | null {
  return zoneId !== null && zones.get(zoneId)?.type === "PRIVATE" ? zoneId : null;
}

/** Whether nobody hears anybody in this zone. */
export function isSilent(zoneId: string | null, zones: ReadonlyMap<string, ZoneInfo>): boolean {
  return zoneId !== null && zones.get(zoneId)?.type === "SILENT";
}

/** Gain 0..1 of somebody at `other` for a listener at `me`. */
export function gain(me: Place, other: Place, zones: ReadonlyMap<string, ZoneInfo>, hearing: Hearing): number {
  if (isSilent(me.zone_id, zones) || isSilent(other.zone_id, zones)) return 0;
  const mine = roomOf(me.zone_id, zones);
  const theirs = roomOf(other.zone_id, zones);
  if (mine !== theirs) return 0;
  if (mine !== null) return 1;
  return fade(Math.hypot(me.x - other.x, me.y - other.y), hearing);
}
