/**
 * What people show for a moment above their heads: emotes and lines of nearby chat.
 */
import { t } from "../i18n/words.ts";
import type { Emote } from "../net/messages.ts";
import { h } from "../shared/dom.ts";
import { icon } from "../shared/icons.ts";

export const EMOTES: { emote: Emote; label: string }[] = [
  { emote: "wave", label: t("world.emote.wave") },
  { emote: "heart", label: t("world.emote.heart") },
  { emote: "laugh", label: t("world.emote.laugh") },
  { emote: "clap", label: t("world.emote.clap") },
  { emote: "thumbs_up", label: t("world.emote.thumbs_up") },
  { emote: "question", label: t("world.emote.question") },
];

const EMOTE_MS = 3200;
const LINE_MS = 6000;
const LONGEST = 120;

interface Bubble {
  userId: string;
  element: HTMLElement;
}

export class Bubbles {
  readonly #place: HTMLElement;
  readonly #wake: () => void;
  readonly #bubbles = new Map<string, Bubble>();

  constructor(place: HTMLElement, wake: () => void) {
    this.#place = place;
    this.#wake = wake;
  }

  emote(userId: string, emote: Emote): void {
    this.#put(userId, h("div", { class: `bubble bubble-emote emote-${emote}` }, icon(emote)), EMOTE_MS);
  }

  line(userId: string, text: string): void {
    const short = text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
    this.#put(userId, h("div", { class: "bubble bubble-line", text: short }), LINE_MS);
  }

  /** One frame: `head` tells where somebody's head is in stage px. */
  update(head: (userId: string) => { x: number; y: number } | null): void {
    for (const { userId, element } of this.#bubbles.values()) {
      const at = head(userId);
      element.hidden = at === null;
      if (at) element.style.transform = `translate(${at.x.toFixed(1)}px, ${at.y.toFixed(1)}px)`;
    }
  }

  #put(userId: string, element: HTMLElement, ms: number): void {
    this.#bubbles.get(userId)?.element.remove();
    const holder = h("div", { class: "bubble-holder" }, element);
    const bubble = { userId, element: holder };
    this.#bubbles.set(userId, bubble);
    this.#place.append(holder);
    this.#wake();
    setTimeout(() => {
      holder.remove();
      if (this.#bubbles.get(userId) === bubble) this.#bubbles.delete(userId);
    }, ms);
  }
}
