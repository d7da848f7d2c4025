/**
 * What holds until it is ended, said plainly beside the place's name: nobody is heard, somebody is followed.
 */
import { h } from "../shared/dom.ts";
import { type IconName, icon } from "../shared/icons.ts";

export type ModeName = "deafened" | "following" | "away" | "busy";

export interface Mode {
  sign: IconName;
  words: string;
  /** The button that ends it. */
  end: string;
  ended: () => void;
}

export class Modes {
  readonly #place: HTMLElement;
  readonly #shown = new Map<ModeName, HTMLElement>();

  constructor(place: HTMLElement) {
    this.#place = place;
  }

  /** Null: it holds no more. */
  show(name: ModeName, mode: Mode | null): void {
    this.#shown.get(name)?.remove();
    this.#shown.delete(name);
    if (!mode) return;
    const end = h("button", { type: "button", class: "mode-end", text: mode.end, onclick: mode.ended });
    const element = h("p", { class: `mode mode-${name}` }, icon(mode.sign), h("span", { text: mode.words }), end);
    this.#shown.set(name, element);
    this.#place.append(element);
  }
}
