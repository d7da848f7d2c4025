/**
 * The menu of what one shows of oneself: emotes for a moment, a status until it is changed, and sitting.
 */
import { type Key, t } from "../i18n/words.ts";
import type { Showing } from "../net/messages.ts";
import { h, iconButton } from "../shared/dom.ts";
import { icon } from "../shared/icons.ts";
import { EMOTES } from "./bubbles.ts";

export type Status = Showing["status"];

export const STATUS_WORDS: Record<Status, Key> = {
  available: "world.status.available",
  busy: "world.status.busy",
  away: "world.status.away",
};

export interface ExpressionActions {
  emote: (index: number) => void;
  status: (status: Status) => void;
  sit: () => void;
}

export class Expressions {
  readonly element: HTMLElement;
  readonly #button = iconButton("smile", t("world.expressions"), "bar-button bar-smile");
  readonly #menu = h("div", { class: "expressions", role: "group", "aria-label": t("world.expressions"), hidden: true });
  readonly #statuses = new Map<Status, HTMLButtonElement>();
  readonly #sit: HTMLButtonElement;

  constructor(actions: ExpressionActions) {
    const emotes = h("div", { class: "emotes", role: "group", "aria-label": t("world.emotes") });
    EMOTES.forEach(({ emote, label }, i) => {
      const choice = iconButton(emote, t("world.with_key", { words: label, key: i + 1 }), `emote emote-${emote}`);
      choice.addEventListener("click", () => {
        this.#show(false);
        actions.emote(i);
      });
      emotes.append(choice);
    });
    const statuses = h("div", { class: "statuses", role: "group", "aria-label": t("world.status") });
    for (const [status, words] of Object.entries(STATUS_WORDS) as [Status, Key][]) {
      const choice = h("button", { type: "button", class: `status-choice status-${status}` }, icon(status), t(words));
      choice.addEventListener("click", () => {
        this.#show(false);
        actions.status(status);
      });
      this.#statuses.set(status, choice);
      statuses.append(choice);
    }
    this.#sit = h("button", { type: "button", class: "status-choice" }, icon("sit"), t("world.sit"));
    this.#sit.addEventListener("click", () => {
      this.#show(false);
      actions.sit();
    });
    statuses.append(this.#sit);
    this.#menu.append(emotes, statuses);
    this.#button.addEventListener("click", () => this.#show(this.#menu.hidden !== false));
    this.element = h("div", { class: "expressions-holder" }, this.#button, this.#menu);
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || this.#menu.hidden) return;
      const within = this.element.contains(document.activeElement);
      this.#show(false);
      if (within) this.#button.focus();
    });
    document.addEventListener("pointerdown", (event) => {
      if (event.target instanceof Node && !this.element.contains(event.target)) this.#show(false);
    });
    this.#show(false);
    this.showing({ status: "available", seated: false });
  }

  /** What holds now. */
  showing({ status, seated }: Showing): void {
    for (const [name, button] of this.#statuses) button.setAttribute("aria-pressed", String(name === status));
    this.#sit.setAttribute("aria-pressed", String(seated));
  }

  #show(open: boolean): void {
    this.#menu.hidden = !open;
    this.#button.setAttribute("aria-expanded", String(open));
  }
}
