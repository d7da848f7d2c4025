/**
 * How long to wait before the next try. Pure: time and chance are handed in.
 */

const FIRST_MS = 300;
const LONGEST_MS = 15_000;
/** A connection that lasted this long was a good one: the next failure starts from the beginning. */
const STEADY_MS = 10_000;
/** Spreads the clients of a dead worker over ±20 %. */
const SPREAD = 0.2;

export class Backoff {
  #tries = 0;
  #connectedAt: number | null = null;

  connected(now: number): void {
    this.#connectedAt = now;
  }

  /** ms to wait; `chance` is uniform in 0..1. */
  next(now: number, chance: number): number {
    if (this.#connectedAt !== null && now - this.#connectedAt >= STEADY_MS) this.#tries = 0;
    this.#connectedAt = null;
    const wait = Math.min(FIRST_MS * 2 ** this.#tries, LONGEST_MS);
    this.#tries += 1;
    return wait * (1 + SPREAD * (2 * chance - 1));
  }

  reset(): void {
    this.#tries = 0;
    this.#connectedAt = null;
  }
}
