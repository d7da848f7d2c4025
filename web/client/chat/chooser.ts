/**
 * Which channel one reads and writes to: a button for each that is offered, with what is unread there.
 */
import { t } from "../i18n/words.ts";
import { h } from "../shared/dom.ts";
import { keyOf, type Where } from "./channels.ts";

export interface Offered {
  readonly where: Where;
  readonly title: string;
  readonly unread: number;
}

export class Chooser {
  readonly element = h("div", { class: "scopes", role: "group", "aria-label": t("chat.who_reads") });
  readonly #choose: (where: Where) => void;
  #shown = "";

  constructor(choose: (where: Where) => void) {
    this.#choose = choose;
  }

  /** Shows these; the buttons stay as they are where nothing has changed. */
  show(offered: readonly Offered[], chosenWhere: Where): void {
    const chosen = keyOf(chosenWhere);
    this.element.hidden = offered.length < 2;
    const shown = JSON.stringify([chosen, offered.map(({ where, title, unread }) => [keyOf(where), title, unread])]);
    if (this.#shown === shown) return;
    this.#shown = shown;
    const focused = this.element.contains(document.activeElement) ? (document.activeElement as HTMLElement).dataset["channel"] : null;
    this.element.replaceChildren(...offered.map((one) => this.#button(one, chosen)));
    if (focused) this.element.querySelector<HTMLElement>(`[data-channel="${CSS.escape(focused)}"]`)?.focus();
  }

  #button({ where, title, unread }: Offered, chosen: string): HTMLButtonElement {
    const key = keyOf(where);
    const button = h("button", { type: "button", class: `scope scope-${where.scope}`, "data-channel": key, "aria-pressed": String(key === chosen) });
    button.append(h("span", { class: "scope-title", text: title }));
    if (unread > 0) {
      button.append(h("span", { class: "scope-unread", "aria-hidden": "true", text: unread > 99 ? "99+" : String(unread) }));
      button.setAttribute("aria-label", t("chat.channel_unread", { title, count: unread }));
    }
    button.addEventListener("click", () => this.#choose(where));
    return button;
  }
}
