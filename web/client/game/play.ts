/**
 * The map in motion: brings together the people, my walker, the view and the stage, frame by frame, and
 * sleeps when nothing moves.
 */
import type { Direction, MapInfo, PlayerInfo, Showing, Welcome } from "../net/messages.ts";
import { clampCentre, firstZoom, follow, nextZoom, onPixels } from "./camera.ts";
import { CollisionGrid, type Point } from "./collision.ts";
import { Wardrobe } from "./figures.ts";
import { type Ground, loadGround } from "./ground.ts";
import { findPath } from "./paths.ts";
import type { People } from "./people.ts";
import { type Seat, seatsOf } from "./seats.ts";
import { Stage } from "./stage.ts";
import { forgetSheets } from "../shared/looks.ts";
import { blockedCells } from "./tiled.ts";
import { type WallGrid, wallsOf } from "./walls.ts";
import { type Wish, Walker } from "./walker.ts";

export interface PlayEvents {
  /** Tell the world. */
  report: (x: number, y: number, direction: Direction) => void;
  /** After each drawn frame: true asks for another one. */
  drawn: (now: number, dt: number) => boolean;
  /** The graphics card has let go of the picture; `true` when it has been painted anew. */
  lost: (again: boolean) => void;
  /** It could not be painted anew. */
  failed: (error: unknown) => void;
}

/** Who is away is not quite here. */
const AWAY_ALPHA = 0.6;
/** After a picture that failed the next one is tried so much later (ms). */
const AGAIN_MS = 1_000;
/** A card that comes back is back by then (ms): whoever asks earlier gets none. */
const CALM_MS = 1_000;
/** CSS px that the header and the bar take. */
const COVERED = { top: 64, bottom: 84 };

/** Whether somebody's sound and picture is in tiles and names just now. */
export interface Look {
  muted: boolean;
  speaking: boolean;
  /** A tile carries the name. */
  tiled: boolean;
}

export class Play {
  #stage!: Stage;
  readonly #parent: HTMLElement;
  readonly #people: People;
  readonly #events: PlayEvents;
  #wardrobe = new Wardrobe();
  readonly #looks = new Map<string, Look>();
  readonly #dressed = new Map<string, string>();
  #walker: Walker | null = null;
  #mapUrl = "";
  #map = { width: 1, height: 1 };
  #ground: Ground | null = null;
  #grid: CollisionGrid | null = null;
  #walls: WallGrid | null = null;
  #seats: Seat[] = [];
  #zoom = 0;
  #zoomChosen = false;
  #centre: Point = { x: 0, y: 0 };
  /** The centre as drawn: on whole device px. */
  #seen: Point = { x: 0, y: 0 };
  #hearing = false;
  #goalShown = true;
  readonly #calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  #running = false;
  #again = false;
  #lastFrame: number | null = null;

  static async create(parent: HTMLElement, people: People, events: PlayEvents): Promise<Play> {
    const play = new Play(parent, people, events);
    await play.#makeStage();
    return play;
  }

  private constructor(parent: HTMLElement, people: People, events: PlayEvents) {
    this.#parent = parent;
    this.#people = people;
    this.#events = events;
  }

  async #makeStage(): Promise<void> {
    this.#stage = await Stage.create(this.#parent, () => void this.#paintAnew());
  }

  get stage(): Stage {
    return this.#stage;
  }

  get walker(): Walker | null {
    return this.#walker;
  }

  get zoom(): number {
    return this.#zoom;
  }

  get grid(): CollisionGrid | null {
    return this.#grid;
  }

  /** The map as it is painted; null before it is there. */
  get ground(): Ground | null {
    return this.#ground;
  }

  /** What muffles voices; null before the map is there. */
  get walls(): WallGrid | null {
    return this.#walls;
  }

  /** Where one can sit on this map. */
  get seats(): readonly Seat[] {
    return this.#seats;
  }

  get hearingShown(): boolean {
    return this.#hearing;
  }

  /** Loads the map if it is another one, and stands where the world says. */
  async enter(welcome: Welcome): Promise<void> {
    if (welcome.map.url !== this.#mapUrl) await this.#load(welcome.map);
    const { x, y, direction } = welcome.you;
    const old = this.#walker;
    if (old && this.#grid) {
      old.correct(x, y);
    } else if (this.#grid) {
      this.#walker = new Walker(this.#grid, x, y, direction, {
        speed: welcome.speed,
        report: this.#events.report,
        way: (from, to) => this.#way(from, to),
      });
      this.#centre = { x, y };
    }
    this.sync();
    this.zonesChanged();
  }

  /** The avatars on stage become those that the world knows. */
  sync(): void {
    const { me, others } = this.#people;
    for (const id of this.#dressed.keys()) {
      if (id !== me?.user_id && !others.has(id)) this.remove(id);
    }
    if (me) this.add(me);
    for (const other of others.values()) this.add(other);
    this.wake();
  }

  add(person: Pick<PlayerInfo, "user_id" | "avatar" | "name">): void {
    const { user_id, avatar } = person;
    if (this.#dressed.get(user_id) !== avatar) {
      this.#dressed.set(user_id, avatar);
      void this.#wardrobe.sheet(avatar, user_id).then((sheet) => {
        if (this.#dressed.get(user_id) !== avatar) return;
        this.stage.avatar(user_id).dress(sheet);
        this.wake();
      });
    }
    this.wake();
  }

  remove(userId: string): void {
    this.#dressed.delete(userId);
    this.#looks.delete(userId);
    this.stage.removeAvatar(userId);
    this.wake();
  }

  /** How somebody's name, ring and figure look from now on. */
  setLook(userId: string, look: Look): void {
    this.#looks.set(userId, look);
    this.wake();
  }

  zonesChanged(): void {
    this.stage.setZones(this.#people.zones.values(), this.#people.me?.zone_id ?? null);
    this.stage.dimAround(this.#people.myRoom);
    this.wake();
  }

  want(wish: Wish): void {
    this.#walker?.want(wish);
    this.wake();
  }

  walkTo(to: Point): Promise<boolean> {
    this.#goalShown = true;
    const arrived = this.#walker?.walkTo(to) ?? Promise.resolve(false);
    this.wake();
    return arrived;
  }

  /** Walks there behind somebody: it is them who are looked at, not a mark on the floor. */
  walkAlong(to: Point, run: boolean): void {
    this.#goalShown = false;
    void this.#walker?.walkTo(to, run);
    this.wake();
  }

  correct(x: number, y: number): void {
    this.#walker?.correct(x, y);
    this.wake();
  }

  /** Looks that way. */
  face(direction: Direction): void {
    this.#walker?.turn(direction);
    this.wake();
  }

  showHearing(shown: boolean): void {
    this.#hearing = shown;
    this.wake();
  }

  zoomBy(by: 1 | -1): void {
    this.#zoom = nextZoom(this.#zoom, by, this.stage.ratio);
    this.#zoomChosen = true;
    this.wake();
  }

  resize(): void {
    const ratio = this.stage.ratio;
    this.stage.resize();
    if (!this.#zoomChosen || this.stage.ratio !== ratio) this.#zoom = firstZoom(this.stage.size, this.#map, this.stage.ratio);
    if (this.stage.ratio !== ratio) this.zonesChanged();
    this.wake();
  }

  /** Stage px (CSS) of a place on the map. */
  toScreen(x: number, y: number): Point {
    const { width, height } = this.stage.size;
    const { x: cx, y: cy } = this.#seen;
    return { x: (x - cx) * this.#zoom + width / 2, y: (y - cy) * this.#zoom + height / 2 };
  }

  /** The place on the map under a stage px. */
  toMap(x: number, y: number): Point {
    const { width, height } = this.stage.size;
    return { x: (x - width / 2) / this.#zoom + this.#seen.x, y: (y - height / 2) / this.#zoom + this.#seen.y };
  }

  /** Draws soon, and as long as something moves. */
  wake(): void {
    this.#again = true;
    if (this.#running) return;
    this.#running = true;
    requestAnimationFrame(this.#frame);
  }

  readonly #frame = (): void => {
    const now = performance.now();
    const dt = this.#lastFrame === null ? 16 : Math.min(now - this.#lastFrame, 250);
    this.#lastFrame = now;
    this.#again = false;
    let busy: boolean;
    try {
      busy = this.#draw(now, dt);
      busy = this.#events.drawn(now, dt) || busy;
    } catch (error) {
      // One picture that could not be drawn (a graphics card that was taken away) is not the end of the world.
      reportError(error);
      setTimeout(() => requestAnimationFrame(this.#frame), AGAIN_MS);
      return;
    }
    if (busy || this.#again) {
      requestAnimationFrame(this.#frame);
    } else {
      this.#running = false;
      this.#lastFrame = null;
    }
  };

  #draw(now: number, dt: number): boolean {
    const walker = this.#walker;
    const { me, others } = this.#people;
    if (!walker || !me) return false;
    walker.step(now);
    let busy = walker.busy;
    const shown = walker.shown;
    busy = this.#moveView(shown, dt) || busy;
    this.stage.look(this.#seen, this.#zoom);
    this.#pose(me, { ...shown, direction: walker.direction, moving: walker.moving }, now, true);
    for (const other of others.values()) {
      const pose = other.trail.at(now);
      if (!other.trail.still(now)) busy = true;
      this.#pose(other, pose, now, false);
    }
    const room = this.#people.myRoom;
    const { radius, full } = this.#people.hearing;
    if (this.#hearing && !this.#people.silent) this.stage.showHearing(shown, radius, full, room);
    else this.stage.showHearing(null, 0, 0, null);
    this.stage.showGoal(this.#goalShown ? walker.goal : null);
    return this.stage.draw(now, dt, me.user_id) || busy;
  }

  #pose(
    { user_id: id, name, showing }: { user_id: string; name: string; showing: Showing },
    pose: { x: number; y: number; direction: Direction; moving: boolean },
    now: number,
    me: boolean,
  ): void {
    const avatar = this.stage.avatar(id);
    const look = this.#looks.get(id);
    const { muted, speaking } = look ?? { muted: false, speaking: false };
    avatar.label({ name, muted, speaking, me, status: showing.status }, this.stage.ratio);
    avatar.fade(showing.status === "away" ? AWAY_ALPHA : 1);
    avatar.showName(!look?.tiled);
    avatar.pose({ ...pose, seated: showing.seated && !pose.moving }, now, this.stage.scale);
  }

  /** True while the view is on its way. */
  #moveView(target: Point, dt: number): boolean {
    const { size, ratio } = this.stage;
    const wanted = clampCentre(target, this.#zoom, size, this.#map, COVERED);
    this.#centre = this.#calm.matches ? wanted : follow(this.#centre, wanted, dt, this.#zoom);
    this.#seen = onPixels(this.#centre, this.#zoom, size, ratio);
    return this.#centre.x !== wanted.x || this.#centre.y !== wanted.y;
  }

  #way(from: Point, to: Point): Point[] | null {
    if (!this.#grid) return null;
    const rooms = [...this.#people.zones.values()].filter((zone) => zone.type === "PRIVATE");
    return findPath(this.#grid, from, to, rooms.map((room) => room.bounds));
  }

  /**
   * A laptop that slept, a driver that was renewed: whatever lay on the card is gone, the painted floor too. The next
   * stage chooses anew by what to draw.
   */
  async #paintAnew(): Promise<void> {
    this.#events.lost(false);
    try {
      const [ground] = await Promise.all([this.#mapUrl ? loadGround(this.#mapUrl) : null, pause(CALM_MS)]);
      const old = this.#stage;
      await this.#makeStage();
      old.destroy();
      forgetSheets();
      this.#wardrobe = new Wardrobe();
      this.#dressed.clear();
      if (ground) this.stage.setGround(ground);
      this.#ground = ground;
      this.sync();
      this.zonesChanged();
      this.#events.lost(true);
    } catch (error) {
      this.#events.failed(error);
    }
  }

  async #load(info: MapInfo): Promise<void> {
    const ground = await loadGround(info.url);
    const { map } = ground;
    this.stage.setGround(ground);
    this.#ground = ground;
    this.#mapUrl = info.url;
    this.#map = { width: info.width, height: info.height };
    this.#walker = null;
    this.#walls = wallsOf(map);
    this.#grid = new CollisionGrid(
      map.width,
      map.height,
      map.tilewidth,
      blockedCells(map),
      info.foot_half_width,
      info.foot_half_height,
    );
    this.#seats = seatsOf(map);
    this.#zoom = firstZoom(this.stage.size, this.#map, this.stage.ratio);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
