/**
 * What was on in this tab when its person last said so. The world remembers that too, for a page that is loaded anew, but
 * who mutes while the line is cut tells it nothing: so nothing comes back that was off here.
 */
import type { Memory } from "./volumes.ts";

/** Whether this page was there before in this tab: what one opens by a link begins muted. */
export function loadedAnew(): boolean {
  return performance.getEntriesByType("navigation").some((entry) => (entry as PerformanceNavigationTiming).type === "reload");
}

export interface Left {
  mic: boolean;
  camera: boolean;
}

export class AsLeft {
  readonly #memory: Memory;
  readonly #key: string;
  readonly #anew: boolean;

  /**
   * `place`: what is remembered for one server says nothing about another. `anew` is `loadedAnew()`: without it this is
   * no continuation, and what an earlier page left here is over, also for whoever loads this one anew.
   */
  constructor(memory: Memory, place: string, anew: boolean) {
    this.#memory = memory;
    this.#key = `atrium.left.${place}`;
    this.#anew = anew;
    if (!anew) this.keep({ mic: false, camera: false });
  }

  keep({ mic, camera }: Left): void {
    try {
      this.#memory.setItem(this.#key, `${mic ? "mic" : ""} ${camera ? "camera" : ""}`);
    } catch {
      // A browser that remembers nothing: the world's memory is all there is.
    }
  }

  /** What may be turned on of what the world remembers: nothing that was off here, all of it where nothing is known. */
  atMost({ mic, camera }: Left): Left {
    if (!this.#anew) return { mic: false, camera: false };
    let left: string | null = null;
    try {
      left = this.#memory.getItem(this.#key);
    } catch {
      // As above.
    }
    if (left === null) return { mic, camera };
    const on = left.split(" ");
    return { mic: mic && on.includes("mic"), camera: camera && on.includes("camera") };
  }
}
