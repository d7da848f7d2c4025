/**
 * Marking a channel as read up to its last line: a moment after it is on the screen, once for all that came meanwhile.
 */
import type { Channel } from "./channels.ts";
import type { History } from "./history.ts";

const MARK_MS = 700;

export class Marks {
  readonly #history: History;
  /** What is about to be marked as read. */
  #next: { channel: Channel; id: string; timer: ReturnType<typeof setTimeout> } | null = null;

  constructor(history: History) {
    this.#history = history;
    addEventListener("pagehide", () => this.#set());
  }

  /** `id`: of the last line that was read. */
  mark(channel: Channel, id: string): void {
    if (this.#next !== null && this.#next.channel !== channel) this.#set();
    if (this.#next !== null) clearTimeout(this.#next.timer);
    this.#next = { channel, id, timer: setTimeout(() => this.#set(), MARK_MS) };
  }

  #set(): void {
    if (this.#next === null) return;
    const { channel, id, timer } = this.#next;
    clearTimeout(timer);
    this.#next = null;
    // A mark that is lost is set with the next line.
    void this.#history.read(channel, id).catch(() => undefined);
  }
}
