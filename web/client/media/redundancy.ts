/**
 * When my voice goes out redundantly (RFC 2198): each packet with the sound of the one before. Pure: time is handed
 * in, and what was counted.
 *
 * It takes as many bits again, and helps where much is lost. How long the way is does not matter here, as it does
 * towards listeners (`sfu/congestion/redundancy.py`): browsers do not offer to repeat what they send of sound. Where
 * one does, what it repeats is missing no more, and nothing is lost.
 */

/** What the browser counts of one voice, and of the way that it takes. */
export interface Sent {
  /** Packets since the beginning. */
  readonly packets: number;
  /** Of those, missing at the server. */
  readonly lost: number;
  /** bit/s that the browser thinks it may send, null where it says nothing. */
  readonly estimate: number | null;
}

/** Shares of what is sent: it begins with this much lost, and ends with less than that. */
const BEGIN = 0.03;
const KEEP = 0.02;
/** It ends only when it was of no use for so long. */
const KEEP_MS = 10_000;
/** What is counted fades: two thirds of it in this time. */
const FADE_MS = 5_000;
/** Fewer packets than two seconds of speech say nothing: who is silent sends five a second. */
const ENOUGH = 100;
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
    const loss = this.#lost / this.#packets;
    const room = sent.estimate === null || sent.estimate >= ROOM;
    if (loss >= BEGIN) this.#on = room;
    if (loss >= KEEP) this.#usefulAt = now;
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
    this.#lost = Math.max(this.#lost * fade + sent.lost - before.lost, 0); // what came late is lost no more
  }
}
