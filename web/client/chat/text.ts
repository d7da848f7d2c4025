/**
 * A line's text as parts: plain words and web addresses. Pure.
 *
 * Only http and https become links, and what is shown is what is opened; signs that end a sentence stay
 * outside, a bracket belongs to the address only where it was opened in it.
 */

export interface TextPart {
  readonly text: string;
  /** Null for plain words. */
  readonly href: string | null;
}

const ADDRESS = /https?:\/\/[^\s<>"]+/giu;
const ENDS = /[.,;:!?'’”»…]+$/u;
const BRACKETS: Record<string, string> = { ")": "(", "]": "[", "}": "{" };

export function partsOf(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = trimmed(match[0]);
    const href = safe(address);
    if (href === null) continue;
    if (match.index > end) parts.push({ text: text.slice(end, match.index), href: null });
    parts.push({ text: address, href });
    end = match.index + address.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end), href: null });
  return parts;
}

function trimmed(found: string): string {
  let address = found;
  for (;;) {
    const shorter = address.replace(ENDS, "");
    const last = shorter.at(-1) ?? "";
    const opening = BRACKETS[last];
    const alone = opening !== undefined && count(shorter, opening) < count(shorter, last);
    const next = alone ? shorter.slice(0, -1) : shorter;
    if (next === address) return address;
    address = next;
  }
}

const count = (text: string, sign: string): number => text.split(sign).length - 1;

/** The address if it can be opened: with a host, and without a name and password in front of it. */
function safe(address: string): string | null {
  try {
    const url = new URL(address);
    const plain = url.username === "" && url.password === "" && url.hostname !== "";
    return plain && (url.protocol === "http:" || url.protocol === "https:") ? address : null;
  } catch {
    return null;
  }
}

/** "830 kB", "1.2 MB" in the reader's way of writing numbers. */
export function sizeWords(bytes: number, language: string): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  let unit = 0;
  let value = bytes;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 1 && value < 100 ? 1 : 0;
  return new Intl.NumberFormat(language, {
    style: "unit",
    unit: units[unit] ?? "byte",
    unitDisplay: "short",
    maximumFractionDigits: digits,
  }).format(value);
}
