/**
 * Whether I speak, by my own microphone's level: for the ring at my own picture, at once and without a
 * server. Pure: `now` is in ms.
 */

/** Position of the level meter (0..1) from which it is speech and no breath: -33 dBFS. */
const SPEECH = 0.45;
/** Between two words nobody has stopped speaking. */
const HOLD_MS = 350;

export class OwnVoice {
  #until = -Infinity;

  /** `level` is 0..1; null while the microphone is off, which ends it at once. */
  speaks(level: number | null, now: number): boolean {
    if (level === null) this.#until = -Infinity;
    else if (level > SPEECH) this.#until = now + HOLD_MS;
    return now < this.#until;
  }
}
