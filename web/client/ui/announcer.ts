/**
 * Says who comes and goes to those who do not see the map: a polite live region, one sentence at a time, and never a
 * stream of them. Near ones are named; a crowd is counted.
 */
import { listed, t } from "../i18n/words.ts";

/** What happens within this time (ms) is told in one sentence. */
const TOGETHER_MS = 1200;
/** More names than these are a number. */
const MOST_NAMES = 3;

export class Announcer {
  readonly #place: HTMLElement;
  readonly #came = new Set<string>();
  readonly #went = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(place: HTMLElement) {
    this.#place = place;
  }

  came(name: string): void {
    if (!this.#went.delete(name)) this.#came.add(name);
    this.#soon();
  }

  went(name: string): void {
    if (!this.#came.delete(name)) this.#went.add(name);
    this.#soon();
  }

  #soon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      const words = sentences(this.#came, this.#went);
      this.#came.clear();
      this.#went.clear();
      if (words !== "") this.#place.textContent = words;
    }, TOGETHER_MS);
  }
}

/** Who came and who went, in a sentence each; "" for nobody. Pure. */
export function sentences(came: ReadonlySet<string>, went: ReadonlySet<string>): string {
  const parts: string[] = [];
  if (came.size > 0) {
    parts.push(came.size > MOST_NAMES ? t("world.many_came", { count: came.size }) : t("world.came", { count: came.size, names: listed([...came]) }));
  }
  if (went.size > 0) {
    parts.push(went.size > MOST_NAMES ? t("world.many_went", { count: went.size }) : t("world.went", { count: went.size, names: listed([...went]) }));
  }
  return parts.join(" ");
}
