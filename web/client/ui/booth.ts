/**
 * The echo booth: my own voice back through the server, with the delay, the loss and the way that it takes.
 *
 * The microphone is turned on by the button that says so, and is off again afterwards where it was off before. Leaving
 * the dialog, however, ends the booth.
 */
import { t } from "../i18n/words.ts";
import type { MediaControl } from "../media/contract.ts";
import type { EchoMeter } from "../media/echo.ts";
import type { MediaStats, PathStats } from "../media/measured.ts";
import { h } from "../shared/dom.ts";

const LOOK_MS = 500;
/** Until then nothing can have come back. */
const PATIENCE_LOOKS = 12;
const LONG_MS = 400;
const MUCH_LOSS = 0.05;

export class Booth {
  readonly #media: MediaControl;
  readonly #me: () => string | null;
  readonly #dialog = h("dialog", { class: "dialog booth", "aria-labelledby": "booth-title" });
  readonly #start = h("button", { type: "button", class: "button primary", text: t("audio.booth_start") });
  readonly #figures = h("dl", { class: "booth-figures", hidden: true });
  readonly #verdict = h("p", { class: "booth-verdict", role: "status" });
  #meter: EchoMeter | null = null;
  #timer: ReturnType<typeof setInterval> | null = null;
  #unmutedHere = false;
  #looks = 0;
  #before: { received: number; lost: number } | null = null;

  constructor(media: MediaControl, me: () => string | null) {
    this.#media = media;
    this.#me = me;
    const leave = h("button", { type: "button", class: "button quiet", text: t("audio.booth_stop") });
    leave.addEventListener("click", () => this.#dialog.close());
    this.#dialog.append(
      h(
        "div",
        { class: "inside" },
        h("h2", { id: "booth-title", text: t("audio.booth") }),
        h("p", { class: "muted", text: t("audio.booth_words") }),
        this.#figures,
        this.#verdict,
        h("div", { class: "actions" }, leave, this.#start),
      ),
    );
    document.body.append(this.#dialog);
    this.#start.addEventListener("click", () => void this.#enter());
    this.#dialog.addEventListener("close", () => this.#leave());
  }

  open(): void {
    this.#figures.hidden = true;
    this.#start.hidden = false;
    this.#verdict.textContent = "";
    this.#dialog.showModal();
  }

  async #enter(): Promise<void> {
    this.#start.hidden = true;
    // First the booth, then the microphone: between the two nobody hears anything.
    this.#media.setBooth(true);
    this.#unmutedHere = !this.#media.local.mic;
    if (this.#unmutedHere) await this.#media.setMic(true);
    if (!this.#dialog.open) return this.#leave();
    this.#looks = 0;
    this.#before = null;
    this.#verdict.textContent = t("audio.in_booth");
    this.#timer = setInterval(() => void this.#look(), LOOK_MS);
  }

  #leave(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#meter?.close();
    this.#meter = null;
    if (this.#unmutedHere) void this.#media.setMic(false);
    this.#unmutedHere = false;
    this.#media.setBooth(false);
  }

  async #look(): Promise<void> {
    const me = this.#me();
    const stats = await this.#media.stats();
    if (this.#timer === null || me === null || !stats) return;
    this.#looks += 1;
    this.#meter ??= this.#media.echo(me);
    const delay = this.#meter?.delay() ?? null;
    const loss = this.#loss(stats, me);
    const rows: [string, string][] = [
      [t("audio.delay"), delay ? t("audio.delay_is", { ms: delay.ms }) : t("audio.delay_unknown")],
      [t("audio.loss"), loss === null ? "–" : t("audio.loss_is", { percent: Math.round(loss * 1000) / 10 })],
      [t("audio.way"), wayWords(stats.publishPath)],
    ];
    this.#figures.hidden = false;
    this.#figures.replaceChildren(...rows.flatMap(([name, value]) => [h("dt", { text: name }), h("dd", { text: value })]));
    this.#figures.dataset["delay"] = delay ? String(delay.ms) : "";
    const words = verdict(delay?.ms ?? null, loss, this.#looks);
    if (words !== "" && this.#verdict.textContent !== words) this.#verdict.textContent = words;
  }

  /** 0..1 of my own packets that did not come back, since the first look. */
  #loss(stats: MediaStats, me: string): number | null {
    const slot = stats.slots.find(({ kind, userId }) => kind === "audio" && userId === me);
    if (!slot) return null;
    const now = { received: slot.packetsReceived, lost: slot.packetsLost };
    this.#before ??= now;
    const lost = Math.max(now.lost - this.#before.lost, 0);
    const all = now.received - this.#before.received + lost;
    return all > 0 ? lost / all : null;
  }
}

/** What it means, once there is something to say. Pure. */
export function verdict(delayMs: number | null, loss: number | null, looks: number): string {
  if (loss !== null && loss > MUCH_LOSS) return t("audio.verdict_loss");
  if (delayMs !== null) return delayMs > LONG_MS ? t("audio.verdict_slow") : t("audio.verdict_good");
  return looks > PATIENCE_LOOKS ? t("audio.verdict_nothing") : "";
}

export function wayWords(path: PathStats | null): string {
  if (!path) return t("audio.way_unknown");
  const protocol = path.protocol.toUpperCase();
  return t(path.type === "relay" ? "audio.way_relay" : "audio.way_direct", { protocol });
}
