/**
 * Names and sentences as people read them. Pure.
 */

const capital = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);

/** A zone's name for people: maps write Room_1 and chill_room. */
export function zoneTitle(name: string): string {
  return capital(name.replaceAll("_", " ").trim());
}

/** An avatar's name for people: "curly_red" → "Curly red". */
export function avatarTitle(avatar: string): string {
  return capital(avatar.replaceAll(/[_-]+/g, " ").trim());
}

/** "you left" → "You left." */
export function sentence(words: string): string {
  const trimmed = words.trim();
  if (trimmed === "") return "";
  const text = capital(trimmed);
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}
