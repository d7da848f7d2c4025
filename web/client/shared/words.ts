/**
 * Names and sentences as people read them. Pure.
 */

/** A zone's name for people: maps write Room_1. */
export function zoneTitle(name: string): string {
  return name.replaceAll("_", " ");
}

/** "you left" → "You left." */
export function sentence(words: string): string {
  const trimmed = words.trim();
  if (trimmed === "") return "";
  const text = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}
