/**
 * The sign of the connection: three bars that say good, fair or poor, and the figures behind it in words.
 */
import { t } from "../i18n/words.ts";
import type { MediaControl } from "../media/contract.ts";
import { type Quality, qualityOf } from "../media/quality.ts";
import type { MediaStats } from "../media/measured.ts";
import { h } from "../shared/dom.ts";

const EVERY_MS = 4000;
const WORDS: Record<Quality["grade"], string> = {
  good: t("audio.quality_good"),
  fair: t("audio.quality_fair"),
  poor: t("audio.quality_poor"),
};

export class QualitySign {
  readonly element = h("button", { type: "button", class: "bar-button bar-quality" }, h("span", { class: "bars", "aria-hidden": "true" }, h("i"), h("i"), h("i")));
  readonly #media: Pick<MediaControl, "stats">;
  #before: MediaStats | null = null;

  constructor(media: Pick<MediaControl, "stats">, pressed: () => void) {
    this.#media = media;
    this.element.addEventListener("click", pressed);
    this.#show({ grade: "good", roundTripMs: null, loss: 0, freezes: 0 });
    setInterval(() => {
      if (!document.hidden) void this.#look();
    }, EVERY_MS);
  }

  async #look(): Promise<void> {
    const stats = await this.#media.stats();
    this.#show(qualityOf(this.#before, stats));
    this.#before = stats;
  }

  #show({ grade, roundTripMs, loss }: Quality): void {
    const words = WORDS[grade];
    this.element.dataset["grade"] = grade;
    if (this.element.getAttribute("aria-label") !== words) this.element.setAttribute("aria-label", words);
    this.element.title = roundTripMs === null ? words : t("audio.quality_detail", { words, ms: Math.round(roundTripMs), percent: Math.round(loss * 1000) / 10 });
  }
}
