/**
 * What the page says by itself: short messages that go away, and a banner for the state of the connection.
 */
import { t } from "../i18n/words.ts";
import type { ConnectionState } from "../net/connection.ts";
import { h } from "../shared/dom.ts";
import { refusalOf } from "../shared/refusals.ts";
import { endingOf } from "./endings.ts";

const SHOWN_MS = 5000;
/** What asks for an answer waits longer for it. */
const ASKED_MS = 30_000;
const MAX_TOASTS = 3;
/** A connection that is back so soon was not worth a word. */
const PATIENCE_MS = 700;

/** A button in a message, which answers it. */
export interface Answer {
  label: string;
  run: () => void;
}

export class Toasts {
  readonly #place: HTMLElement;

  constructor(place: HTMLElement) {
    this.#place = place;
  }

  /** The same words are not said twice at a time, and what is new `about` something takes the place of what was. */
  show(text: string, kind: "plain" | "bad" | "room" = "plain", about = text, answer: Answer | null = null): void {
    for (const old of this.#place.querySelectorAll<HTMLElement>(".toast")) if (old.dataset["about"] === about) old.remove();
    while (this.#place.childElementCount >= MAX_TOASTS) this.#place.firstElementChild?.remove();
    const toast = h("div", { class: `toast toast-${kind}`, "data-about": about }, text);
    if (answer) {
      const button = h("button", { type: "button", class: "button small", text: answer.label });
      button.addEventListener("click", () => {
        toast.remove();
        answer.run();
      });
      toast.append(button);
    }
    this.#place.append(toast);
    setTimeout(() => toast.remove(), answer ? ASKED_MS : SHOWN_MS);
  }
}

export interface BannerActions {
  retry: () => void;
}

export class Banner {
  readonly #place: HTMLElement;
  readonly #actions: BannerActions;
  #soon: ReturnType<typeof setTimeout> | null = null;

  constructor(place: HTMLElement, actions: BannerActions) {
    this.#place = place;
    this.#actions = actions;
  }

  show(state: ConnectionState): void {
    if (this.#soon !== null) clearTimeout(this.#soon);
    this.#soon = null;
    if (state.name === "open") this.#hide();
    else if (state.name === "ended") this.#ended(state.code, state.message);
    else if (this.#place.hidden) this.#soon = setTimeout(() => this.#waiting(state), PATIENCE_MS);
    else this.#waiting(state);
  }

  /** A panel in the banner's place for something that only a reload can help. */
  fail(message: string): void {
    const button = h("button", { type: "button", class: "button primary", text: t("world.try_again") });
    button.addEventListener("click", () => location.reload());
    this.#panel(t("world.not_opened"), message, button);
  }

  #hide(): void {
    this.#place.hidden = true;
    this.#place.replaceChildren();
  }

  #waiting(state: ConnectionState): void {
    const retry = h("button", { type: "button", class: "button small", text: t("world.now") });
    retry.addEventListener("click", () => this.#actions.retry());
    const text = state.name === "waiting" && state.attempt > 2 ? t("world.still_looking") : t("world.reconnecting");
    this.#place.className = "banner";
    const parts: HTMLElement[] = [
      h("span", { class: "spinner", "aria-hidden": "true" }),
      h("span", {}, text),
      h("span", { class: "muted" }, t("world.keep_place")),
    ];
    if (state.name === "waiting") parts.push(retry);
    this.#place.replaceChildren(...parts);
    this.#place.hidden = false;
  }

  #ended(code: string, message: string): void {
    const ending = endingOf(code);
    const back = `/login?next=${encodeURIComponent(location.pathname)}`;
    let action: HTMLElement;
    if (ending.action === "retry") {
      action = h("button", { type: "button", class: "button primary", text: ending.label });
      action.addEventListener("click", () => this.#actions.retry());
    } else {
      const href = ending.action === "login" ? back : "/dashboard";
      action = h("a", { class: "button primary", href, text: ending.label });
    }
    this.#panel(ending.title, refusalOf({ code, message }), action);
  }

  #panel(title: string, message: string, action: HTMLElement): void {
    this.#place.className = "banner banner-panel";
    this.#place.replaceChildren(h("strong", {}, title), h("span", { class: "muted" }, message), action);
    this.#place.hidden = false;
    action.focus();
  }
}
