/**
 * How loud I want each person, apart from where they stand: kept in this browser by user id.
 *
 * 1 is as they come, 0 is silence for me alone, 2 is twice as loud. Nobody else learns of it.
 */

export const LOUDEST = 2;
const KEY = "atrium.volumes";
/** People whose volume is remembered; the one that was set longest ago is forgotten first. */
const MOST_KEPT = 500;

/** The part of localStorage that is needed. */
export type Memory = Pick<Storage, "getItem" | "setItem">;

export class Volumes {
  readonly #memory: Memory;
  readonly #volumes: Map<string, number>;

  constructor(memory: Memory) {
    this.#memory = memory;
    this.#volumes = read(memory);
  }

  /** 0..2; 1 for those whose volume was never set. */
  of(userId: string): number {
    return this.#volumes.get(userId) ?? 1;
  }

  /** Remembers it; 1 needs no remembering. Values beyond 0..2 become the nearest of these. */
  set(userId: string, volume: number): void {
    if (!Number.isFinite(volume)) return;
    const kept = Math.min(Math.max(volume, 0), LOUDEST);
    this.#volumes.delete(userId);
    if (kept !== 1) this.#volumes.set(userId, kept);
    for (const oldest of this.#volumes.keys()) {
      if (this.#volumes.size <= MOST_KEPT) break;
      this.#volumes.delete(oldest);
    }
    try {
      this.#memory.setItem(KEY, JSON.stringify([...this.#volumes]));
    } catch {
      // No room or no permission to remember: it holds as long as the page is open.
    }
  }
}

function read(memory: Memory): Map<string, number> {
  const volumes = new Map<string, number>();
  try {
    const kept: unknown = JSON.parse(memory.getItem(KEY) ?? "[]");
    for (const entry of Array.isArray(kept) ? kept.slice(-MOST_KEPT) : []) {
      const [id, volume] = Array.isArray(entry) ? (entry as unknown[]) : [];
      if (typeof id === "string" && typeof volume === "number" && volume >= 0 && volume <= LOUDEST) volumes.set(id, volume);
    }
  } catch {
    // What somebody else wrote there, or a browser that remembers nothing: everybody is as they come.
  }
  return volumes;
}
