/**
 * Which names fit what somebody has typed, best first. Pure.
 */

/** Small letters without accents: "Zoë" is found by "zoe". */
function plain(text: string): string {
  return text.normalize("NFD").replaceAll(/\p{M}/gu, "").toLowerCase();
}

/** 0 begins with it, 1 a word begins with it, 2 contains it, 3 has its letters in this order; null: no. */
export function fit(query: string, name: string): number | null {
  const wanted = plain(query.trim());
  const has = plain(name);
  if (has.startsWith(wanted)) return 0;
  const at = has.indexOf(wanted);
  if (at >= 0) {
    const words = has.split(/[^\p{L}\p{N}]+/u);
    return words.some((word) => word.startsWith(wanted)) ? 1 : 2;
  }
  let from = 0;
  for (const letter of wanted) {
    const found = has.indexOf(letter, from);
    if (found < 0) return null;
    from = found + letter.length;
  }
  return 3;
}

/** Those who fit, best first, else by name. */
export function matches<T extends { name: string }>(query: string, all: Iterable<T>): T[] {
  const found: { entry: T; score: number }[] = [];
  for (const entry of all) {
    const score = fit(query, entry.name);
    if (score !== null) found.push({ entry, score });
  }
  found.sort((a, b) => a.score - b.score || a.entry.name.localeCompare(b.entry.name, undefined, { numeric: true }));
  return found.map(({ entry }) => entry);
}
