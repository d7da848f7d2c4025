/**
 * Pictures of people and screens over the map: near their avatars or in a strip, never over each other.
 *
 * Elements are made once per picture and moved by transform only; which one goes where is decided by
 * `tile_layout`. Sound is none of their business.
 */
import { t } from "../i18n/words.ts";
import type { Source } from "../net/messages.ts";
import { h, iconButton, setButton } from "../shared/dom.ts";
import { icon } from "../shared/icons.ts";
import { type Box, type TileWish, layoutGrid, layoutStrip, layoutTiles } from "./tile_layout.ts";

type Picture = Extract<Source, "camera" | "screen">;

/** Near the avatars, docked as a strip, or as a grid over the map. */
export type TileMode = "near" | "strip" | "grid";

export interface TileState {
  name: string;
  muted: boolean;
  speaking: boolean;
  /** 0..1: the picture fades as the voice does. */
  gain: number;
  /** Where its avatar's head is, stage px. */
  x: number;
  y: number;
}

export interface TilesEvents {
  /** Enlarged (or null: none): the world may rank this person's picture first. */
  pinned: (userId: string | null) => void;
  /** Tiles carry names near avatars, and do no more, or again. */
  modeChanged: () => void;
  /** Something moves: draw on. */
  wake: () => void;
}

interface Tile {
  userId: string;
  source: Picture;
  mine: boolean;
  element: HTMLElement;
  video: HTMLVideoElement;
  caption: HTMLElement;
  enlarge: HTMLButtonElement;
  x: number | null;
  y: number;
  shown: string;
}

/** Time constant (ms) with which tiles glide to their places. */
const GLIDE_MS = 90;
const FAINTEST = 0.5;
/** With more pictures than this near avatars the map would be hidden: a strip is used. */
const MOST_NEAR = 8;

export class Tiles {
  readonly #place: HTMLElement;
  readonly #events: TilesEvents;
  readonly #tiles = new Map<string, Tile>();
  readonly #offsets = new Map<string, { x: number; y: number }>();
  readonly #calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  #enlarged: string | null = null;
  /** What the person wants, and how it is now: on a narrow stage it is always a strip. */
  #mode: TileMode = "near";
  #modeNow: TileMode = "near";

  constructor(place: HTMLElement, events: TilesEvents) {
    this.#place = place;
    this.#events = events;
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.#enlarged && !document.fullscreenElement) this.#enlarge(null);
    });
  }

  setMode(mode: TileMode): void {
    this.#mode = mode;
    this.#events.wake();
  }

  /** Whether somebody's picture hangs at their avatar, with their name. */
  names(userId: string): boolean {
    return this.#modeNow === "near" && this.#tiles.has(`${userId}/camera`);
  }

  setVideo(userId: string, source: Picture, stream: MediaStream | null, mine: boolean): void {
    const key = `${userId}/${source}`;
    const known = this.#tiles.get(key);
    if (!stream) {
      if (known) this.#remove(key, known);
    } else if (known) {
      if (known.video.srcObject !== stream) play(known.video, stream);
    } else {
      this.#add(key, userId, source, stream, mine);
    }
    this.#events.wake();
  }

  removePerson(userId: string): void {
    for (const [key, tile] of this.#tiles) if (tile.userId === userId) this.#remove(key, tile);
  }

  /** All but the own ones: the connection that they came through is gone. */
  clearRemote(): void {
    for (const [key, tile] of this.#tiles) if (!tile.mine) this.#remove(key, tile);
  }

  /**
   * One frame. `look` tells each person's state, null hides them; true while tiles still glide.
   */
  update(view: Box, dt: number, look: (userId: string) => TileState | null): boolean {
    const narrow = view.right - view.left < 560;
    const mode = this.#mode === "near" && (narrow || this.#tiles.size > MOST_NEAR) ? "strip" : this.#mode;
    if (mode !== this.#modeNow) {
      this.#modeNow = mode;
      this.#place.dataset["mode"] = mode;
      this.#events.modeChanged();
    }
    const wishes: TileWish[] = [];
    for (const [key, tile] of this.#tiles) {
      const state = look(tile.userId);
      tile.element.hidden = state === null;
      if (!state) continue;
      this.#show(tile, state, mode !== "near");
      if (key === this.#enlarged) continue;
      const { width, height } = sizeOf(tile, narrow);
      const above = tile.source === "screen" && this.#tiles.has(`${tile.userId}/camera`) ? 120 : 0;
      wishes.push({ id: key, x: state.x, y: state.y - above, width, height });
    }
    const places = mode === "grid" ? layoutGrid(wishes, view) : mode === "strip" ? layoutStrip(wishes, view) : layoutTiles(wishes, view, this.#offsets);
    const part = this.#calm.matches ? 1 : 1 - Math.exp(-dt / GLIDE_MS);
    let gliding = false;
    for (const place of places) {
      const tile = this.#tiles.get(place.id);
      const wish = wishes.find(({ id }) => id === place.id);
      if (!tile || !wish) continue;
      this.#offsets.set(place.id, { x: place.x - wish.x + wish.width / 2, y: place.y - wish.y + wish.height });
      const fresh = tile.x === null;
      const dx = place.x - (tile.x ?? place.x);
      const dy = place.y - tile.y;
      const near = fresh || Math.hypot(dx, dy) < 0.5;
      tile.x = near ? place.x : (tile.x ?? 0) + dx * part;
      tile.y = near ? place.y : tile.y + dy * part;
      if (!near) gliding = true;
      const { width, height } = "width" in place ? (place as TileWish) : wish;
      tile.element.style.width = `${width}px`;
      tile.element.style.height = `${height}px`;
      tile.element.style.transform = `translate(${tile.x.toFixed(1)}px, ${tile.y.toFixed(1)}px)`;
    }
    return gliding;
  }

  #show(tile: Tile, state: TileState, strip: boolean): void {
    const { element } = tile;
    const name = tile.mine ? (tile.source === "screen" ? t("media.your_screen") : t("common.you")) : state.name;
    const shown = `${name}/${state.muted}/${tile.source}`;
    if (tile.shown !== shown) {
      tile.shown = shown;
      const label = tile.source === "screen" && !tile.mine ? t("media.screen_of", { name }) : name;
      tile.caption.replaceChildren(h("span", {}, label));
      if (state.muted && tile.source === "camera") tile.caption.prepend(icon("mic_off"));
      element.setAttribute("aria-label", state.muted ? t("media.muted_person", { name: label }) : label);
      this.#nameButtons(tile, label);
    }
    element.classList.toggle("speaking", state.speaking && tile.source === "camera");
    element.classList.toggle("strip", strip);
    const solid = tile.mine || tile.source === "screen" || this.#enlarged === `${tile.userId}/${tile.source}`;
    element.style.opacity = solid ? "1" : (FAINTEST + (1 - FAINTEST) * state.gain).toFixed(2);
  }

  #nameButtons(tile: Tile, label: string): void {
    const large = this.#enlarged === `${tile.userId}/${tile.source}`;
    const words = t(large ? "media.shrink" : "media.enlarge", { name: label });
    setButton(tile.enlarge, large ? "shrink" : "enlarge", words);
  }

  #add(key: string, userId: string, source: Picture, stream: MediaStream, mine: boolean): void {
    const video = h("video", { playsinline: true, autoplay: true });
    video.muted = true;
    video.disablePictureInPicture = true;
    const caption = h("figcaption");
    const enlarge = iconButton("enlarge", "", "tile-button");
    const full = iconButton("full", t("media.full_screen"), "tile-button");
    const element = h(
      "figure",
      { class: `tile tile-${source}${mine ? " tile-mine" : ""}`, "data-user": userId, "data-source": source },
      video,
      caption,
      h("div", { class: "tile-buttons" }, enlarge, full),
    );
    const tile: Tile = { userId, source, mine, element, video, caption, enlarge, x: null, y: 0, shown: "" };
    enlarge.addEventListener("click", () => this.#enlarge(this.#enlarged === key ? null : key));
    full.addEventListener("click", () => void element.requestFullscreen?.().catch(() => undefined));
    video.addEventListener("click", () => {
      if (source === "screen" || this.#enlarged === key) this.#enlarge(this.#enlarged === key ? null : key);
    });
    video.addEventListener("resize", () => this.#events.wake());
    this.#tiles.set(key, tile);
    this.#place.append(element);
    play(video, stream);
  }

  #remove(key: string, tile: Tile): void {
    if (this.#enlarged === key) this.#enlarge(null);
    if (document.fullscreenElement === tile.element) void document.exitFullscreen();
    tile.video.srcObject = null;
    tile.element.remove();
    this.#tiles.delete(key);
    this.#offsets.delete(key);
    this.#events.wake();
  }

  #enlarge(key: string | null): void {
    const old = this.#enlarged;
    this.#enlarged = key;
    for (const id of [old, key]) {
      const tile = id === null ? undefined : this.#tiles.get(id);
      if (!tile) continue;
      const large = id === key;
      tile.element.classList.toggle("large", large);
      tile.shown = "";
      if (large) for (const name of ["width", "height", "transform"]) tile.element.style.removeProperty(name);
      else tile.x = null;
    }
    const tile = key === null ? undefined : this.#tiles.get(key);
    this.#events.pinned(tile && !tile.mine ? tile.userId : null);
    this.#events.wake();
  }
}

/** A screen keeps its shape; a face is cut to the tile. */
function sizeOf(tile: Tile, narrow: boolean): { width: number; height: number } {
  if (tile.source === "camera") return narrow ? { width: 112, height: 80 } : { width: 160, height: 112 };
  const { videoWidth, videoHeight } = tile.video;
  const width = narrow ? 200 : tile.mine ? 200 : 300;
  const shape = videoWidth > 0 ? videoHeight / videoWidth : 9 / 16;
  return { width, height: Math.round(width * Math.min(Math.max(shape, 0.4), 1.2)) };
}

function play(video: HTMLVideoElement, stream: MediaStream): void {
  video.srcObject = stream;
  // Muted pictures may always play; a tile that is gone before it starts is no error.
  void video.play().catch(() => undefined);
}
