/**
 * Figures over the map (`?stats` in the address, or a click on the sign of the connection): what goes out and what
 * comes in, of each source and each slot, once a second. A chunk of its own.
 */
import { t } from "../i18n/words.ts";
import type { MediaControl } from "../media/contract.ts";
import type { MediaStats, PathStats, SlotStats, SourceStats } from "../media/measured.ts";
import type { Figures } from "../net/messages.ts";
import { h, iconButton } from "../shared/dom.ts";

const EVERY_MS = 1000;

export interface StatsParts {
  media: Pick<MediaControl, "stats">;
  nameOf: (userId: string) => string;
  /** Round trip of the WebSocket, ms. */
  latency: () => number | null;
  /** What the server said last of its own estimates and decisions, by the message's type. */
  server: () => ReadonlyMap<string, unknown>;
  /** Asks the server for its figures (`figures`), which come when they come. */
  ask: () => void;
}

interface Look {
  readonly at: number;
  readonly stats: MediaStats;
}

export class StatsOverlay {
  readonly #parts: StatsParts;
  readonly #element: HTMLElement;
  readonly #body = h("div", { class: "stats-body", tabindex: "0" });
  #before: Look | null = null;
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(place: HTMLElement, parts: StatsParts) {
    this.#parts = parts;
    const close = iconButton("close", t("audio.close"), "icon-button small");
    close.addEventListener("click", () => this.toggle(false));
    this.#element = h("section", { class: "stats", "aria-label": t("audio.stats"), hidden: true }, h("header", {}, h("h2", { text: t("audio.stats") }), close), this.#body);
    place.append(this.#element);
  }

  toggle(open = this.#element.hidden !== false): void {
    this.#element.hidden = !open;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = open ? setInterval(() => void this.#look(), EVERY_MS) : null;
    this.#before = null;
    if (open) void this.#look();
  }

  async #look(): Promise<void> {
    this.#parts.ask();
    const stats = await this.#parts.media.stats();
    const at = performance.now();
    const before = this.#before;
    if (stats) this.#before = { at, stats };
    const seconds = before ? (at - before.at) / 1000 : 0;
    const lines = stats ? [...this.#connections(stats), table(["↑", "kbit/s", "fps", "px", ""], outgoing(stats, before, seconds)), table(["↓", "", "kbit/s", "%", "jitter", "buffer", "❄", "fps", "px", "rid"], this.#incoming(stats, before, seconds))] : [h("p", { text: "–" })];
    const server = [...this.#parts.server()].filter(([type]) => type !== "figures").map(([type, said]) => h("p", { class: "stats-said", "data-type": type, text: `${type} ${short(said)}` }));
    this.#body.replaceChildren(...lines, ...server);
  }

  #connections(stats: MediaStats): HTMLElement[] {
    const latency = this.#parts.latency();
    return [
      h("p", { class: "stats-publish", text: `publish ${stats.publish}${pathWords(stats.publishPath)}` }),
      h("p", { class: "stats-subscribe", text: `subscribe ${stats.subscribe}${pathWords(stats.subscribePath)}` }),
      h("p", { class: "stats-server", text: serverWords(this.#parts.server().get("figures") as Figures | undefined) }),
      h("p", { text: `world ${latency === null ? "–" : Math.round(latency)} ms` }),
    ];
  }

  #incoming(stats: MediaStats, before: Look | null, seconds: number): string[][] {
    const figures = this.#parts.server().get("figures") as Figures | undefined;
    return stats.slots
      .filter(({ userId }) => userId !== null)
      .map((slot) => {
        const earlier = before?.stats.slots.find((one) => one.kind === slot.kind && one.slot === slot.slot);
        const [received, lost] = [slot.packetsReceived - (earlier?.packetsReceived ?? 0), slot.packetsLost - (earlier?.packetsLost ?? 0)];
        const share = received + lost > 0 ? (100 * Math.max(lost, 0)) / (received + lost) : 0;
        return [
          `${slot.kind === "audio" ? "a" : "v"}${slot.slot}`,
          `${this.#parts.nameOf(slot.userId ?? "")} ${slot.source ?? ""}`,
          rate(slot.bytesReceived, earlier?.bytesReceived, seconds),
          share.toFixed(1),
          `${(slot.jitter * 1000).toFixed(0)}`,
          `${(slot.bufferDelay * 1000).toFixed(0)}`,
          slot.kind === "video" ? String(slot.freezeCount) : "",
          slot.kind === "video" ? slot.framesPerSecond.toFixed(0) : "",
          size(slot),
          slot.kind === "video" ? chosen(figures, slot.slot) : "",
        ];
      });
  }
}

/** The layer that the server sends in a video slot: its RID, – where it sends none. */
function chosen(figures: Figures | undefined, slot: number): string {
  const layer = figures?.layers.find((one) => one.slot === slot);
  return figures && !layer ? "–" : (layer?.rid ?? "");
}

function outgoing(stats: MediaStats, before: Look | null, seconds: number): string[][] {
  return Object.entries(stats.sources).flatMap(([source, { codec, layers }]) =>
    layers.map((layer) => {
      const earlier = (before?.stats.sources as Record<string, SourceStats> | undefined)?.[source]?.layers.find(({ rid }) => rid === layer.rid);
      return [
        `${source}${layer.rid === "" ? "" : ` ${layer.rid}`}`,
        rate(layer.bytesSent, earlier?.bytesSent, seconds),
        layer.framesPerSecond > 0 ? layer.framesPerSecond.toFixed(0) : "",
        size(layer),
        layer.active ? [codec, layer.limitation === "none" ? "" : layer.limitation].join(" ").trim() : "off",
      ];
    }),
  );
}

const size = ({ frameWidth, frameHeight }: Pick<SlotStats, "frameWidth" | "frameHeight">): string => (frameWidth > 0 ? `${frameWidth}×${frameHeight}` : "");

function rate(now: number, before: number | undefined, seconds: number): string {
  if (before === undefined || seconds <= 0) return "";
  return ((Math.max(now - before, 0) * 8) / 1000 / seconds).toFixed(0);
}

function pathWords(path: PathStats | null): string {
  if (!path) return "";
  const trip = path.roundTripMs === null ? "" : ` ${path.roundTripMs.toFixed(0)} ms`;
  const estimate = path.estimate === null ? "" : ` ≤ ${(path.estimate / 1000).toFixed(0)} kbit/s`;
  return ` · ${path.type} ${path.protocol}${trip}${estimate}`;
}

/** What the server believes of the way to us, and gives. */
function serverWords(figures: Figures | undefined): string {
  if (!figures) return "server –";
  const kbit = (bits: number): string => (bits / 1000).toFixed(0);
  return `server ≤ ${figures.estimate === null ? "–" : kbit(figures.estimate)} · ${kbit(figures.given)} / ${kbit(figures.wanted)} kbit/s${figures.redundant ? " · red" : ""}`;
}

function short(said: unknown): string {
  const text = JSON.stringify(said) ?? "";
  return text.length > 300 ? `${text.slice(0, 299)}…` : text;
}

function table(head: string[], rows: string[][]): HTMLTableElement {
  return h(
    "table",
    {},
    h("thead", {}, h("tr", {}, ...head.map((text) => h("th", { scope: "col", text })))),
    h("tbody", {}, ...rows.map((cells) => h("tr", {}, ...cells.map((text) => h("td", { text }))))),
  );
}
