/**
 * When my voice goes out redundantly (RFC 2198): each packet with the sound of the one before. Pure: time is handed
 * in, and what was counted. The same rule as the server's for the other direction (`sfu/congestion/redundancy.py`):
 * it takes as many bits again, and helps where much is lost and what is repeated comes after it is due.
 */

/** What the browser counts of one voice, and of the way that it takes. */
export interface Sent {
  /** Packets since the beginning. */
  readonly packets: number;
  /** Of those, missing at the server for good or sent again. */
  readonly lost: number;
  /** null as long as nobody knows. */
  readonly roundTripMs: number | null;
  /** bit/s that the browser thinks it may send, null where it says nothing. */
  readonly estimate: number | null;
}

/** It begins where both are reached, and ends where either is fallen below. */
const BEGIN = { loss: 0.03, roundTripMs: 70 };
const KEEP = { loss: 0.02, roundTripMs: 50 };
/** It ends only when it was of no use for so long. */
const KEEP_MS = 10_000;
/** What is counted fades: two thirds of it in this time. */
const FADE_MS = 5_000;
/** Fewer packets than a second of speech say nothing: who is silent sends five a second. */
const ENOUGH = 50;
/** bit/s that the way has to carry: a voice sent so, and a little more. */
const ROOM = 120_000;

export class Redundancy {
  #on = false;
  #before: Sent | null = null;
  #lookedAt = 0;
  #usefulAt = -Infinity;
  #packets = 0;
  #lost = 0;

  /** Whether to send so from now (ms) on. Null: nothing is counted now. */
  look(sent: Sent | null, now: number): boolean {
    this.#count(sent, now);
    if (!sent || this.#packets < ENOUGH) {
      this.#usefulAt = now; // nothing speaks against what is so
      return this.#on;
    }
    const reaches = ({ loss, roundTripMs }: typeof BEGIN): boolean =>
      this.#lost / this.#packets >= loss && (sent.roundTripMs ?? 0) >= roundTripMs;
    const room = sent.estimate === null || sent.estimate >= ROOM;
    if (reaches(BEGIN)) this.#on = room;
    if (reaches(this.#on ? KEEP : BEGIN)) this.#usefulAt = now;
    this.#on &&= room && now - this.#usefulAt < KEEP_MS;
    return this.#on;
  }

  #count(sent: Sent | null, now: number): void {
    const before = this.#before;
    this.#before = sent;
    const fade = Math.exp((this.#lookedAt - now) / FADE_MS);
    this.#lookedAt = now;
    if (!sent || !before || sent.packets < before.packets) {
      this.#packets = this.#lost = 0; // another stream counts from nought
      return;
    }
    this.#packets = this.#packets * fade + sent.packets - before.packets;
    // What is repeated is no longer missing: then the one grows as the other falls.
    this.#lost = Math.max(this.#lost * fade + sent.lost - before.lost, 0);
  }
}
