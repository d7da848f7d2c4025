/**
 * What hangs over the map at people's places: picture tiles and the switches at one's own avatar.
 */
import type { Point } from "../game/collision.ts";
import type { People } from "../game/people.ts";
import type { Play } from "../game/play.ts";
import type { Voices } from "./voices.ts";
import { type TileState, Tiles, type TilesEvents } from "./tiles.ts";

/** Room that the header (at least) and the bar take of the stage, CSS px. */
const TOP = 64;
const BOTTOM = 92;
const SIDE = 12;
/** px between a head and its tile, and between feet and the switches. */
const ABOVE_HEAD = 8;
const BELOW_FEET = 16;

export class Overlay {
  readonly tiles: Tiles;
  readonly #floating: HTMLElement;
  #top = TOP;

  /** `header` is what the tiles stay below, however high it gets. */
  constructor(place: HTMLElement, floating: HTMLElement, header: HTMLElement, events: TilesEvents) {
    new ResizeObserver(() => {
      this.#top = Math.max(TOP, header.offsetTop + header.offsetHeight + ABOVE_HEAD);
      events.wake();
    }).observe(header);
    this.tiles = new Tiles(place, events);
    this.#floating = floating;
  }

  /** Stage px of the top of somebody's head; null when they are not here. */
  headOf(play: Play, people: People, userId: string, now: number): Point | null {
    const at = placeOf(play, people, userId, now);
    return at && play.toScreen(at.x, at.y - play.stage.avatar(userId).tall);
  }

  /** One frame; true while something glides. */
  update(play: Play, people: People, now: number, dt: number, voices: Pick<Voices, "muted" | "speaking">): boolean {
    const { width, height } = play.stage.size;
    const view = { left: SIDE, top: this.#top, right: width - SIDE, bottom: height - BOTTOM };
    this.#placeSwitches(play, width, height);
    return this.tiles.update(view, dt, (userId): TileState | null => {
      const head = this.headOf(play, people, userId, now);
      if (!head) return null;
      const mine = userId === people.me?.user_id;
      const walker = play.walker;
      return {
        name: mine ? (people.me?.name ?? "") : (people.others.get(userId)?.name ?? ""),
        muted: voices.muted(userId),
        speaking: voices.speaking(userId),
        gain: mine || !walker ? 1 : people.gainOf(userId, walker.x, walker.y, now),
        x: head.x,
        y: head.y - ABOVE_HEAD,
      };
    });
  }

  #placeSwitches(play: Play, width: number, height: number): void {
    const walker = play.walker;
    this.#floating.hidden = walker === null;
    if (!walker) return;
    const { x, y } = play.toScreen(walker.shown.x, walker.shown.y);
    const half = this.#floating.offsetWidth / 2;
    const left = Math.min(Math.max(x, SIDE + half), width - SIDE - half);
    const top = Math.min(y + BELOW_FEET, height - BOTTOM - this.#floating.offsetHeight);
    this.#floating.style.transform = `translate(${Math.round(left - half)}px, ${Math.round(top)}px)`;
    this.#floating.classList.toggle("walking", walker.moving);
  }
}

function placeOf(play: Play, people: People, userId: string, now: number): Point | null {
  if (userId === people.me?.user_id) return play.walker?.shown ?? null;
  return people.pose(userId, now);
}
