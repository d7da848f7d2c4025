/**
 * Looks that people put together themselves, and their names: `me-` and one base-36 digit for each part. Pure;
 * maps/avatar_code.py is the world's side of it.
 */

/** The parts in the order of their digits. */
export const PARTS = ["skin", "hair", "style", "top", "cloth", "legs", "shoes", "extra"] as const;
export type Part = (typeof PARTS)[number];
export type Look = Record<Part, number>;

const CODE = new RegExp(`^me-([0-9a-z]{${PARTS.length}})$`);

/** The look of this name; null for any other avatar. */
export function readLook(name: string): Look | null {
  const digits = CODE.exec(name)?.[1];
  if (digits === undefined) return null;
  return Object.fromEntries(PARTS.map((part, i) => [part, Number.parseInt(digits[i] ?? "0", 36)])) as Look;
}

export function nameOf(look: Look): string {
  return `me-${PARTS.map((part) => look[part].toString(36)).join("")}`;
}
