/**
 * Where another player seems to be: a moment behind the newest report, on the line between two reports.
 *
 * Pure: times are ms on one clock, handed in. A figure that starts walking starts at once from where it
 * stood; one that is set down elsewhere is there at once; nothing is guessed ahead.
 */
import type { Direction } from "../net/messages.ts";

/** px between two reports that no walker covers: shown as a jump, not as a slide through walls. */
const JUMP = 150;
const KEPT = 12;

interface Sample {
  at: number;
  x: number;
  y: number;
  direction: Direction;
}

export interface Pose {
  x: number;
  y: number;
  direction: Direction;
  moving: boolean;
}

export class Trail {
  readonly #samples: Sample[] = [];
  readonly #delay: number;
  readonly #tick: number;

  /** `delay`: how far behind (ms); `tick`: the pause between two reports of one who walks (ms). */
  constructor(delay: number, tick: number, x: number, y: number, direction: Direction) {
    this.#delay = delay;
    this.#tick = tick;
    this.#samples.push({ at: -Infinity, x, y, direction });
  }

  /** A report that arrived at `now`. */
  add(now: number, x: number, y: number, direction: Direction): void {
    const last = this.#samples.at(-1) as Sample;
    // Reports that the network held back come together: keep about a tick between them.
    const at = Math.max(now, Math.min(last.at + this.#tick, now + this.#tick));
    if (Math.hypot(x - last.x, y - last.y) > JUMP) {
      this.#samples.length = 0;
      this.#samples.push({ at: -Infinity, x, y, direction });
      return;
    }
    // After a rest the walk began about a tick ago, not when the rest did.
    if (at - last.at > 2 * this.#tick) {
      this.#samples.push({ at: at - this.#tick, x: last.x, y: last.y, direction: last.direction });
    }
    this.#samples.push({ at, x, y, direction });
    while (this.#samples.length > KEPT) this.#samples.shift();
  }

  /** How it looks at `now`. */
  at(now: number): Pose {
    const time = now - this.#delay;
    const samples = this.#samples;
    let i = samples.length - 1;
    while (i > 0 && (samples[i] as Sample).at > time) i--;
    const a = samples[i] as Sample;
    const b = samples[i + 1];
    if (!b) return { x: a.x, y: a.y, direction: a.direction, moving: false };
    const t = Number.isFinite(a.at) ? Math.min(Math.max((time - a.at) / (b.at - a.at), 0), 1) : 0;
    const moving = a.x !== b.x || a.y !== b.y;
    return {
      x: a.x + (b.x - a.x) * t,
      y: a.y + (b.y - a.y) * t,
      direction: moving ? b.direction : a.direction,
      moving: moving && Number.isFinite(a.at),
    };
  }

  /** Whether it looks the same from `now` on until another report comes. */
  still(now: number): boolean {
    return (this.#samples.at(-1) as Sample).at <= now - this.#delay;
  }
}
