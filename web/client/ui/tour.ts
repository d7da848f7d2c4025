/**
 * Three cards for somebody who is here for the first time: how to walk, how to talk, what a room is. Each points at
 * what it speaks of; the whole can be skipped, and comes once.
 */
import { type Key, t } from "../i18n/words.ts";
import { h } from "../shared/dom.ts";
import { recall, remember } from "../shared/memory.ts";

const DONE = "atrium.tour";

interface Step {
  title: Key;
  words: Key;
  /** For hands without keys. */
  touch: Key;
  /** What it points at. */
  at: string;
}

const STEPS: readonly Step[] = [
  { title: "tour.walk", words: "tour.walk_words", touch: "tour.walk_touch", at: "#map" },
  { title: "tour.talk", words: "tour.talk_words", touch: "tour.talk_touch", at: "#bar-media" },
  { title: "tour.rooms", words: "tour.rooms_words", touch: "tour.rooms_touch", at: "#panel-toggle" },
];

export function tourIsDue(): boolean {
  return recall(DONE) === null;
}

/** Shows the tour over `stage`; resolves when it is over or was skipped. */
export function tour(stage: HTMLElement): Promise<void> {
  const card = h("section", { class: "tour", role: "dialog", "aria-labelledby": "tour-title", "aria-describedby": "tour-words", tabindex: "-1" });
  const fingers = window.matchMedia("(pointer: coarse)").matches;
  let lit: Element | null = null;
  stage.append(card);
  return new Promise((resolve) => {
    const over = (): void => {
      remember(DONE, "done");
      lit?.classList.remove("tour-lit");
      card.remove();
      document.querySelector<HTMLElement>("#map")?.focus({ preventScroll: true });
      resolve();
    };
    const show = (at: number): void => {
      const step = STEPS[at];
      if (!step) return over();
      lit?.classList.remove("tour-lit");
      lit = document.querySelector(step.at);
      lit?.classList.add("tour-lit");
      const last = at === STEPS.length - 1;
      const next = h("button", { type: "button", class: "button primary small", text: t(last ? "tour.done" : "tour.next"), onclick: () => show(at + 1) });
      const skip = h("button", { type: "button", class: "button quiet small", text: t("tour.skip"), onclick: over });
      card.dataset["step"] = String(at + 1);
      card.replaceChildren(
        h("p", { class: "tour-count muted small", text: t("tour.count", { step: at + 1, steps: STEPS.length }) }),
        h("h2", { id: "tour-title", text: t(step.title) }),
        h("p", { id: "tour-words", text: t(fingers ? step.touch : step.words) }),
        h("div", { class: "actions" }, last ? null : skip, next),
      );
      next.focus({ preventScroll: true });
    };
    card.addEventListener("keydown", (event) => {
      if (event.key === "Escape") over();
    });
    show(0);
  });
}
