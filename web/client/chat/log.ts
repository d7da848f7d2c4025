/**
 * The lines on the screen, the newest at the lower end. Elements of lines that have not changed are kept, and what is being
 * read stays where it is.
 */
import { t } from "../i18n/words.ts";
import { h } from "../shared/dom.ts";
import type { ChatLine } from "./channels.ts";
import { type LineActions, lineElement, type LineLook } from "./line.ts";

/** Lines of one person within this time stand together. */
const TOGETHER_MS = 3 * 60_000;
const NEAR_END_PX = 60;
/** Older lines are asked for when it is scrolled as near to the top. */
const NEAR_TOP_PX = 80;

export interface LogEvents {
  /** Scrolled to the first line. */
  top: () => void;
  /** Scrolled to the last line. */
  end: () => void;
}

/** What is special about a line, but for whose it is and how it follows. */
export type LineFor = (line: ChatLine) => Omit<LineLook, "follows">;

export class Log {
  readonly element = h("div", { class: "log-holder" });
  readonly #lines = h("div", { class: "lines", role: "log", "aria-label": t("chat.title"), tabindex: "0" });
  readonly #empty = h("p", { class: "empty muted" });
  readonly #actions: LineActions;

  constructor(actions: Omit<LineActions, "grew">, { top, end }: LogEvents) {
    this.#actions = {
      ...actions,
      grew: () => {
        if (this.atEnd(240)) this.toEnd();
      },
    };
    this.#lines.addEventListener("scroll", () => {
      if (this.#lines.scrollTop < NEAR_TOP_PX) top();
      if (this.atEnd()) end();
    });
    this.element.append(this.#empty, this.#lines);
  }

  /** What is said where nothing was said yet. */
  set empty(words: string) {
    this.#empty.textContent = words;
  }

  show(lines: readonly ChatLine[], lookOf: LineFor): void {
    const log = this.#lines;
    const known = new Map([...log.children].map((child) => [(child as HTMLElement).dataset["line"] ?? "", child as HTMLElement]));
    const elements: HTMLElement[] = [];
    let last: ChatLine | null = null;
    for (const line of lines) {
      const look = { ...lookOf(line), follows: last?.user_id === line.user_id && line.at - last.at < TOGETHER_MS };
      const as = JSON.stringify([line.reactions, look]);
      let element = known.get(line.id);
      if (!element || element.dataset["as"] !== as) {
        element = lineElement(line, look, this.#actions);
        element.dataset["as"] = as;
      }
      elements.push(element);
      last = line;
    }
    const top = log.scrollTop;
    const wanted = new Set<Element>(elements);
    for (const child of [...log.children]) if (!wanted.has(child)) child.remove();
    elements.forEach((element, i) => {
      if (log.children[i] !== element) log.insertBefore(element, log.children[i] ?? null);
    });
    log.scrollTop = top;
    this.#empty.hidden = elements.length > 0;
    log.hidden = elements.length === 0;
  }

  atEnd(within = NEAR_END_PX): boolean {
    const { scrollTop, scrollHeight, clientHeight } = this.#lines;
    return scrollHeight - scrollTop - clientHeight < within;
  }

  toEnd(): void {
    this.#lines.scrollTop = this.#lines.scrollHeight;
  }

  /** How high all lines are: to be given to `keepPlace` after older ones came above them. */
  get height(): number {
    return this.#lines.scrollHeight;
  }

  /** What was read stays where it is, although lines came above it. */
  keepPlace(height: number): void {
    this.#lines.scrollTop += this.#lines.scrollHeight - height;
  }
}
