/**
 * Everybody's tiles as a grid; with a shared screen the screen is large and the tiles become a strip.
 */
import type { PlayerInfo } from "../net/messages.ts";
import { h } from "../pages/dom.ts";
import { icon } from "../pages/icons.ts";
import { bestGrid } from "./grid.ts";
import { Tile } from "./tile.ts";

/** px around the tiles, as the style sheet has it. */
const PADDING = 6;
/** A tile beside a shared screen, px. */
const STRIP = { width: 208, height: 117 };

export interface Me {
  readonly userId: string;
  readonly name: string;
}

export class Stage {
  readonly #tiles: HTMLElement;
  readonly #screen: HTMLElement;
  readonly #screenVideo: HTMLVideoElement;
  readonly #screenName: HTMLElement;
  readonly #area: HTMLElement;
  readonly #people = new Map<string, Tile>();
  readonly #cameras = new Map<string, MediaStream>();
  readonly #screens = new Map<string, MediaStream>();
  #names = new Map<string, string>();
  #me = "";

  /** `area` holds the whole; it is laid out anew whenever its size changes. */
  constructor(area: HTMLElement) {
    this.#area = area;
    this.#tiles = h("ul", { class: "tiles", "aria-label": "People in the room" });
    this.#screenVideo = h("video", { autoplay: true, playsinline: true });
    this.#screenVideo.muted = true;
    this.#screenName = h("figcaption", { class: "tile-name" });
    const enlarge = h(
      "button",
      { type: "button", class: "screen-enlarge", "aria-label": "Full screen", onclick: () => this.#toggleFull() },
      icon("enlarge"),
    );
    this.#screen = h("figure", { class: "screen", hidden: true }, this.#screenVideo, this.#screenName, enlarge);
    area.append(this.#screen, this.#tiles);
    new ResizeObserver(() => this.#layout()).observe(area);
  }

  /** The people of the room: me last, where the eye looks for it. */
  people(me: Me, others: readonly PlayerInfo[], muted: boolean): void {
    this.#me = me.userId;
    this.#names = new Map([...others.map(({ user_id, name }) => [user_id, name] as const), [me.userId, me.name]]);
    for (const [userId, tile] of this.#people) {
      if (this.#names.has(userId)) continue;
      tile.element.remove();
      this.#people.delete(userId);
    }
    for (const [userId, name] of this.#names) {
      const own = userId === me.userId;
      let tile = this.#people.get(userId);
      if (!tile) {
        tile = new Tile({ userId, name, own });
        tile.show(this.#cameras.get(userId) ?? null);
        this.#people.set(userId, tile);
        const mine = this.#people.get(me.userId)?.element;
        this.#tiles.insertBefore(tile.element, own ? null : (mine ?? null));
      }
      tile.rename(name, own);
      tile.muted = own ? muted : !others.find(({ user_id }) => user_id === userId)?.media.mic;
    }
    this.#area.classList.toggle("alone", others.length === 0);
    this.#layout();
  }

  video(userId: string, source: "camera" | "screen", stream: MediaStream | null): void {
    const streams = source === "camera" ? this.#cameras : this.#screens;
    if (stream) streams.set(userId, stream);
    else streams.delete(userId);
    if (source === "camera") this.#people.get(userId)?.show(stream);
    else this.#layout();
  }

  /** Who speaks, me included. */
  speaking(userIds: ReadonlySet<string>): void {
    for (const [userId, tile] of this.#people) tile.speaking = userIds.has(userId);
  }

  #layout(): void {
    // Somebody else's screen before my own: I know mine.
    const sharing = [...this.#screens.keys()].sort((a) => (a === this.#me ? 1 : -1))[0];
    const stream = sharing === undefined ? null : (this.#screens.get(sharing) ?? null);
    this.#screen.hidden = stream === null;
    this.#area.classList.toggle("sharing", stream !== null);
    if (this.#screenVideo.srcObject !== stream) this.#screenVideo.srcObject = stream;
    if (sharing !== undefined) {
      const own = sharing === this.#me;
      this.#screenName.textContent = own ? "Your screen" : `${this.#names.get(sharing) ?? "Somebody"}'s screen`;
    }
    const grid = stream
      ? STRIP
      : bestGrid(this.#people.size, this.#tiles.clientWidth - 2 * PADDING, this.#tiles.clientHeight - 2 * PADDING);
    for (const tile of this.#people.values()) tile.size(grid.width, grid.height);
  }

  #toggleFull(): void {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void this.#screen.requestFullscreen().catch(() => undefined); // refused: it stays as large as it is
  }
}
