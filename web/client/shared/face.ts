/**
 * A person as a round sign on a colour that is theirs everywhere: their avatar's head, else initials.
 */
import { portrait } from "./avatars.ts";
import { h } from "./dom.ts";

/** One or two letters that stand for a name; "?" for a name without letters or digits. */
export function initials(name: string): string {
  const words = name.split(/[\s._-]+/u).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const letters = words.map((word) => /[\p{L}\p{N}]/u.exec(word)?.[0] ?? "");
  const [first = "?", ...others] = letters;
  return (first + (others.at(-1) ?? "")).toUpperCase();
}

/** A hue (degrees) out of an id: FNV-1a, so that alike ids lie apart. */
export function hueOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < id.length; index += 1) {
    hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % 360;
}

/** `avatar` is a sheet's name, "" where it is not known. */
export function face(userId: string, name: string, avatar: string): HTMLElement {
  const sign = h("span", { class: "face", "aria-hidden": "true" });
  sign.style.setProperty("--hue", String(hueOf(userId)));
  const letters = (): void => sign.replaceChildren(initials(name));
  if (avatar === "") letters();
  else sign.append(portrait(avatar, letters));
  return sign;
}
