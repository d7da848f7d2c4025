/**
 * Who is shown large: whom I pinned, else whoever speaks. Pure; `now` in ms.
 *
 * A cough changes nothing: another speaker takes the place only when the one who has it has been silent for a
 * moment. Nobody is shown to themselves.
 */

const SILENT_MS = 1500;

export class Featured {
  #pinned: string | null = null;
  #current: string | null = null;
  #spokeAt = -Infinity;
  #speaking: ReadonlySet<string> = new Set();

  get pinned(): string | null {
    return this.#pinned;
  }

  /** Pins somebody, or nobody. */
  pin(userId: string | null): void {
    this.#pinned = userId;
  }

  /** Who speaks now: the whole picture. */
  speaking(userIds: ReadonlySet<string>, now: number): void {
    this.#speaking = userIds;
    if (this.#current !== null && userIds.has(this.#current)) this.#spokeAt = now;
  }

  /** Who is large, among `others` (in the order in which they came); null: nobody is there. */
  who(others: readonly string[], now: number): string | null {
    const there = new Set(others);
    if (this.#pinned !== null && !there.has(this.#pinned)) this.#pinned = null;
    if (this.#current !== null && !there.has(this.#current)) this.#current = null;
    const speaks = this.#current !== null && this.#speaking.has(this.#current);
    if (!speaks && (this.#current === null || now - this.#spokeAt >= SILENT_MS)) {
      const next = others.find((userId) => this.#speaking.has(userId));
      if (next !== undefined) {
        this.#current = next;
        this.#spokeAt = now;
      }
    }
    this.#current ??= others[0] ?? null;
    return this.#pinned ?? this.#current;
  }
}
