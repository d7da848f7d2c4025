/**
 * A round button that is on or off: microphone, camera, screen.
 */
import { t } from "../i18n/words.ts";
import { h } from "../shared/dom.ts";
import { icon, type IconName } from "../shared/icons.ts";

export interface ToggleOptions {
  readonly name: string;
  readonly on: IconName;
  readonly off: IconName;
  /** The key that does the same. */
  readonly key?: string;
  readonly press: (on: boolean) => void;
}

export class Toggle {
  readonly element: HTMLButtonElement;
  readonly #options: ToggleOptions;

  constructor(options: ToggleOptions) {
    this.#options = options;
    const { name, key, press } = options;
    this.element = h("button", {
      type: "button",
      class: `toggle toggle-${options.on}`,
      "aria-label": name,
      ...(key ? { "aria-keyshortcuts": key.toUpperCase() } : {}),
      onclick: () => press(!this.on),
    });
    this.on = false;
  }

  get on(): boolean {
    return this.element.getAttribute("aria-pressed") === "true";
  }

  set on(on: boolean) {
    const { name, key } = this.#options;
    this.element.setAttribute("aria-pressed", String(on));
    this.element.replaceChildren(icon(on ? this.#options.on : this.#options.off));
    const words = t(on ? "meeting.is_on" : "meeting.is_off", { name });
    this.element.title = key ? t("media.with_key", { words, key: key.toUpperCase() }) : words;
  }

  /** 0..1, drawn around the button. */
  set level(level: number) {
    this.element.style.setProperty("--level", level.toFixed(2));
  }
}
