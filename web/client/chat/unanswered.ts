/**
 * What was said and has not come back yet: a line that the world refuses is given back to its writer.
 * Lines of one page are answered in order, each by itself as everybody reads it or by an error.
 */
import { keyOf, type Where } from "./channels.ts";

/** More than these are not waited for: the world lets nobody write so much at once. */
const MOST = 20;

export interface Said {
  readonly where: Where;
  readonly text: string;
  readonly file: File | null;
}

export class Unanswered {
  #said: Said[] = [];

  said(where: Where, text: string, file: File | null): void {
    this.#said.push({ where, text, file });
    if (this.#said.length > MOST) this.#said.shift();
  }

  /** A line of mine is there. One with a file may take longer than those after it. */
  came(where: Where, withFile: boolean): void {
    const key = keyOf(where);
    const place = this.#said.findIndex((one) => keyOf(one.where) === key && (one.file !== null) === withFile);
    if (place >= 0) this.#said.splice(place, 1);
  }

  /** The oldest one was not taken; null: nothing is waited for. */
  refused(): Said | null {
    return this.#said.shift() ?? null;
  }

  /** Another connection: nothing is answered any more. */
  forget(): void {
    this.#said = [];
  }
}
