/**
 * Everybody's tiles as a grid; with a shared screen the screen is large and the tiles become a strip.
 */
import type { PlayerInfo } from "../net/messages.ts";
import { t } from "../i18n/words.ts";
import { h } from "../shared/dom.ts";
import { icon } from "../shared/icons.ts";
import { Featured } from "./featured.ts";
import { bestGrid } from "./grid.ts";
import { Tile } from "./tile.ts";

/** px around the tiles, as the style sheet has it. */
const PADDING = 6;
/** A tile beside a shared screen, px. */
const STRIP = { width: 208, height: 117 };
const GAP = 12;

export type View = "grid" | "speaker";

type Person = Pick<PlayerInfo, "user_id" | "name" | "avatar">;

export class Stage {
  readonly #tiles: HTMLElement;
  readonly #screen: HTMLElement;
  readonly #screenVideo: HTMLVideoElement;
  readonly #screenName: HTMLElement;
  readonly #area: HTMLElement;
  readonly #tilesOf = new Map<string, Tile>();
  readonly #cameras = new Map<string, MediaStream>();
  readonly #screens = new Map<string, MediaStream>();
  #names = new Map<string, string>();
  #me = "";
  #others: readonly string[] = [];
  #view: View = "grid";
  readonly #featured = new Featured();
  readonly #pinned: (userId: string | null) => void;

  /** `area` holds the whole; it is laid out anew whenever its size changes. `pinned`: whom I want large. */
  constructor(area: HTMLElement, pinned: (userId: string | null) => void) {
    this.#pinned = pinned;
    this.#area = area;
    this.#tiles = h("ul", { class: "tiles", "aria-label": t("meeting.people_here") });
    this.#screenVideo = h("video", { autoplay: true, playsinline: true });
    this.#screenVideo.muted = true;
    this.#screenName = h("figcaption", { class: "tile-name" });
    const enlarge = h(
      "button",
      { type: "button", class: "screen-enlarge", "aria-label": t("media.full_screen"), onclick: () => this.#toggleFull() },
      icon("full"),
    );
    this.#screen = h("figure", { class: "screen", hidden: true }, this.#screenVideo, this.#screenName, enlarge);
    area.append(this.#screen, this.#tiles);
    new ResizeObserver(() => this.#layout()).observe(area);
  }

  /** The people of the room: me last, where the eye looks for it. */
  people(me: Person, others: readonly PlayerInfo[], muted: boolean): void {
    this.#me = me.user_id;
    this.#others = others.map(({ user_id }) => user_id);
    this.#names = new Map([...others, me].map(({ user_id, name }) => [user_id, name]));
    for (const [userId, tile] of this.#tilesOf) {
      if (this.#names.has(userId)) continue;
      tile.element.remove();
      this.#tilesOf.delete(userId);
    }
    for (const other of others) this.#tile(other, false).muted = !other.media.mic;
    this.#tile(me, true).muted = muted;
    this.#area.classList.toggle("alone", others.length === 0);
    this.#layout();
  }

  video(userId: string, source: "camera" | "screen", stream: MediaStream | null): void {
    const streams = source === "camera" ? this.#cameras : this.#screens;
    if (stream) streams.set(userId, stream);
    else streams.delete(userId);
    if (source === "camera") this.#tilesOf.get(userId)?.show(stream);
    else this.#layout();
  }

  /** Who speaks, me included. */
  speaking(userIds: ReadonlySet<string>): void {
    for (const [userId, tile] of this.#tilesOf) tile.speaking = userIds.has(userId);
    const now = performance.now();
    const before = this.#featured.who(this.#others, now);
    this.#featured.speaking(userIds, now);
    if (this.#view === "speaker" && this.#featured.who(this.#others, now) !== before) this.#layout();
  }

  /** Everybody alike, or whoever speaks large. */
  setView(view: View): void {
    this.#view = view;
    this.#layout();
  }

  #pin(userId: string): void {
    this.#featured.pin(this.#featured.pinned === userId ? null : userId);
    this.#pinned(this.#featured.pinned);
    this.#layout();
  }

  #tile({ user_id: userId, name, avatar }: Person, own: boolean): Tile {
    let tile = this.#tilesOf.get(userId);
    if (!tile) {
      tile = new Tile({ userId, name, avatar, own, pin: () => this.#pin(userId) });
      tile.show(this.#cameras.get(userId) ?? null);
      this.#tiles.insertBefore(tile.element, this.#tilesOf.get(this.#me)?.element ?? null);
      this.#tilesOf.set(userId, tile);
    }
    tile.rename(name, avatar, own);
    return tile;
  }

  #layout(): void {
    // Somebody else's screen before my own: I know mine.
    const sharers = [...this.#screens.keys()];
    const sharing = sharers.find((userId) => userId !== this.#me) ?? sharers[0];
    const stream = sharing === undefined ? null : (this.#screens.get(sharing) ?? null);
    this.#screen.hidden = stream === null;
    this.#area.classList.toggle("sharing", stream !== null);
    this.#tiles.tabIndex = stream ? 0 : -1; // the strip scrolls: by keyboard too
    if (this.#screenVideo.srcObject !== stream) this.#screenVideo.srcObject = stream;
    if (sharing !== undefined) {
      const own = sharing === this.#me;
      this.#screenName.textContent = own ? t("media.your_screen") : t("media.screen_of", { name: this.#names.get(sharing) ?? t("chat.somebody") });
    }
    this.#sizeTiles(stream !== null);
  }

  #sizeTiles(sharing: boolean): void {
    const large = this.#featured.who(this.#others, performance.now());
    const { pinned } = this.#featured;
    const one = !sharing && large !== null && (this.#view === "speaker" || pinned !== null) ? large : null;
    this.#area.classList.toggle("one-large", one !== null);
    const width = this.#tiles.clientWidth - 2 * PADDING;
    const height = this.#tiles.clientHeight - 2 * PADDING;
    const grid = sharing || one !== null ? STRIP : bestGrid(this.#tilesOf.size, width, height);
    const most = Math.max(height - STRIP.height - GAP, STRIP.height);
    const wide = Math.max(Math.min(width, (most * 16) / 9), STRIP.width);
    for (const [userId, tile] of this.#tilesOf) {
      tile.pinned = userId === pinned;
      tile.large = userId === one;
      if (userId === one) tile.size(wide, (wide * 9) / 16, (width - wide) / 2);
      else tile.size(grid.width, grid.height);
    }
  }

  #toggleFull(): void {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void this.#screen.requestFullscreen().catch(() => undefined); // refused: it stays as large as it is
  }
}
