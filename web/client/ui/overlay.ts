/**
 * What hangs over the map at people's places: picture tiles and the switches at one's own avatar.
 */
import type { Point } from "../game/collision.ts";
import type { People } from "../game/people.ts";
import type { Play } from "../game/play.ts";
import type { Box } from "./tile_layout.ts";
import type { Voices } from "./voices.ts";
import { type TileState, Tiles, type TilesEvents } from "./tiles.ts";

/** Room that the header (at least) and the bar take of the stage, CSS px. */
const TOP = 64;
const BOTTOM = 92;
const SIDE = 12;
/** px between a head and its tile, and between feet and the switches. */
const ABOVE_HEAD = 8;
const BELOW_FEET = 16;
/** Map px. */
const FIGURE_WIDTH = 20;

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
    this.#placeSwitches(play, people, now, width, height);
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

  #placeSwitches(play: Play, people: People, now: number, width: number, height: number): void {
    const walker = play.walker;
    this.#floating.hidden = walker === null;
    if (!walker) return;
    const { offsetWidth, offsetHeight } = this.#floating;
    const { x, y } = play.toScreen(walker.shown.x, walker.shown.y);
    const half = offsetWidth / 2;
    const left = Math.round(Math.min(Math.max(x, SIDE + half), width - SIDE - half) - half);
    const top = Math.round(Math.min(y + BELOW_FEET, height - BOTTOM - offsetHeight));
    this.#floating.style.transform = `translate(${left}px, ${top}px)`;
    // Nobody is hidden behind them: they fade while one walks, and while somebody stands there.
    const box = { left, top, right: left + offsetWidth, bottom: top + offsetHeight };
    this.#floating.classList.toggle("faint", walker.moving || covers(box, play, people, now));
  }
}

/** Whether somebody else's figure is under this box. */
function covers(box: Box, play: Play, people: People, now: number): boolean {
  for (const [userId, { trail }] of people.others) {
    const pose = trail.at(now);
    const feet = play.toScreen(pose.x, pose.y);
    const half = (play.zoom * FIGURE_WIDTH) / 2;
    const tall = play.zoom * play.stage.avatar(userId).tall;
    if (feet.x + half > box.left && feet.x - half < box.right && feet.y > box.top && feet.y - tall < box.bottom) return true;
  }
  return false;
}

function placeOf(play: Play, people: People, userId: string, now: number): Point | null {
  if (userId === people.me?.user_id) return play.walker?.shown ?? null;
  return people.pose(userId, now);
}
