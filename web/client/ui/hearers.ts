/**
 * Who hears me: the people to whom the media server really sends my voice and pictures now. It is asked every two
 * seconds while this is open, and shows what it says, not what the rules would have.
 */
import { t } from "../i18n/words.ts";
import type { Hearers } from "../net/messages.ts";
import { h, iconButton } from "../shared/dom.ts";
import { face } from "../shared/face.ts";
import { icon, type IconName } from "../shared/icons.ts";

const ASK_MS = 2000;

export interface HearersParts {
  ask: () => void;
  /** Null: they are not in view. */
  person: (userId: string) => { name: string; avatar: string } | null;
}

export class HearersPanel {
  readonly #element: HTMLElement;
  readonly #body = h("div", { class: "hearers-body", role: "status" });
  readonly #parts: HearersParts;
  #timer: ReturnType<typeof setInterval> | null = null;
  #shown = "";

  constructor(place: HTMLElement, parts: HearersParts) {
    this.#parts = parts;
    const close = iconButton("close", t("audio.close"), "icon-button small");
    close.addEventListener("click", () => this.toggle(false));
    this.#element = h(
      "section",
      { class: "hearers", "aria-label": t("audio.who_hears"), hidden: true },
      h("header", {}, h("h2", { text: t("audio.who_hears") }), close),
      this.#body,
      h("p", { class: "muted small", text: t("audio.from_the_table") }),
    );
    place.append(this.#element);
  }

  toggle(open = this.#element.hidden !== false): void {
    this.#element.hidden = !open;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    if (!open) return;
    this.#shown = "";
    this.#body.replaceChildren(h("p", { class: "muted", text: t("audio.asking") }));
    this.#parts.ask();
    this.#timer = setInterval(() => {
      if (!document.hidden) this.#parts.ask();
    }, ASK_MS);
  }

  show({ mic, camera, screen, complete }: Hearers): void {
    const shown = JSON.stringify([mic, camera, screen, complete]);
    if (shown === this.#shown) return; // a screen reader says only what is new
    this.#shown = shown;
    const parts: HTMLElement[] = [];
    if (mic.length === 0) parts.push(h("p", { class: "hearers-head", text: t("audio.heard_by_nobody") }));
    else parts.push(this.#group("ear", t("audio.heard_by", { count: mic.length }), mic));
    if (camera.length > 0) parts.push(this.#group("camera", t("audio.seen_by", { count: camera.length }), camera));
    if (screen.length > 0) parts.push(this.#group("screen", t("audio.screen_seen_by", { count: screen.length }), screen));
    if (!complete) parts.push(h("p", { class: "notice bad", text: t("audio.incomplete") }));
    this.#body.replaceChildren(...parts);
  }

  #group(sign: IconName, words: string, userIds: readonly string[]): HTMLElement {
    const people = userIds.map((userId) => {
      const { name, avatar } = this.#parts.person(userId) ?? { name: t("chat.somebody"), avatar: "" };
      return h("li", { "data-user": userId }, face(userId, name, avatar), h("span", { text: name }));
    });
    return h("div", { class: "hearers-group" }, h("p", { class: "hearers-head" }, icon(sign), h("span", { text: words })), h("ul", {}, ...people));
  }
}
