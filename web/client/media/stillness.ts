/**
 * Notices that a connection's way is broken before ICE does, which takes a browser five seconds and more. Pure:
 * time is handed in, and what was counted.
 *
 * That nothing comes says little: everybody may be silent. So nothing comes, and an answer is due: to a check of
 * ICE's, or (`answers`) to media, of whose arrival the server tells twenty times a second.
 */

/** What one connection's way has carried since it was made. */
export interface Counts {
  bytesSent: number;
  bytesReceived: number;
  /** ICE's connectivity checks. */
  requests: number;
  responses: number;
}

/** Nothing has come for so long. */
const STILL_MS = 2_000;
/** An answer that is late by so much is missing. */
const LATE_MS = 1_000;
/** Looks further apart than this were made by a page that slept: what it missed proves nothing. */
const ASLEEP_MS = 2_500;
/** Before the next alarm, twice as long each time, until something comes. */
const FIRST_PAUSE_MS = 6_000;
const LONGEST_PAUSE_MS = 60_000;

export class Stillness {
  readonly #answers: boolean;
  #before: Counts | null = null;
  #lookedAt = 0;
  /** When something came last, and since when an answer is due to a check or to media. */
  #cameAt = 0;
  #askedAt: number | null = null;
  #sentAt: number | null = null;
  #quietUntil = 0;
  #pause = FIRST_PAUSE_MS;

  constructor(answers: boolean) {
    this.#answers = answers;
  }

  /** Whether the way is broken, for all that is known at `now` (ms). Null: nothing can be counted now. */
  look(counts: Counts | null, now: number): boolean {
    const before = this.#before;
    this.#before = counts;
    const slept = now - this.#lookedAt > ASLEEP_MS;
    this.#lookedAt = now;
    // Another way counts from nought.
    if (!counts || !before || slept || counts.bytesSent < before.bytesSent || counts.requests < before.requests) {
      this.#came(now);
      return false;
    }
    if (counts.bytesReceived !== before.bytesReceived || counts.responses !== before.responses) {
      this.#came(now);
      this.#pause = FIRST_PAUSE_MS;
      this.#quietUntil = 0;
      return false;
    }
    if (counts.requests > before.requests) this.#askedAt ??= now;
    if (this.#answers && counts.bytesSent > before.bytesSent) this.#sentAt ??= now;
    const due = Math.min(this.#askedAt ?? Infinity, this.#sentAt ?? Infinity);
    if (now - this.#cameAt < STILL_MS || now - due < LATE_MS || now < this.#quietUntil) return false;
    this.#quietUntil = now + this.#pause;
    this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE_MS);
    return true;
  }

  #came(now: number): void {
    this.#cameAt = now;
    this.#askedAt = this.#sentAt = null;
  }
}
