/**
 * My own avatar: wishes (keys, a way to walk) become steps, and steps become what the world is told.
 *
 * Pure but for the callbacks: times are ms, handed in. Two rules keep the world from ever sending us
 * back: every step is one that `CollisionGrid` allows, and where the straight line between two reports
 * would cut a corner, the corner is reported too.
 */
import type { Direction } from "../net/messages.ts";
import type { CollisionGrid, Point } from "./collision.ts";

export const WALK_SPEED = 200; // px/s
export const RUN_SPEED = 340;
/** The world refuses more reports than one in this many ms. */
export const REPORT_MS = 50;
/** A frame later than this (a hidden tab) does not become one long stride. */
const LONGEST_FRAME_MS = 250;
/** How a correction by the world fades from view: time constant in ms. */
const CORRECTION_MS = 90;
/** A way longer than this (px) is run. */
const LONG_WAY = 420;
/** So many corrections on one way: something is there that our map does not know. */
const PATIENCE = 4;

export interface Wish {
  dx: number;
  dy: number;
  run: boolean;
}

export interface WalkerOptions {
  /** The world's bound, px/s. */
  speed: number;
  report: (x: number, y: number, direction: Direction) => void;
  /** The way to a place, or null. */
  way: (from: Point, to: Point) => Point[] | null;
}

const STAND: Wish = { dx: 0, dy: 0, run: false };

export class Walker {
  x: number;
  y: number;
  direction: Direction;
  moving = false;
  readonly #grid: CollisionGrid;
  readonly #options: WalkerOptions;
  #wish: Wish = STAND;
  #path: Point[] = [];
  #goal: Point | null = null;
  #runs = false;
  #corrections = 0;
  #arrived: ((there: boolean) => void) | null = null;
  #steppedAt: number | null = null;
  #offset: Point = { x: 0, y: 0 };
  #told: { x: number; y: number; direction: Direction };
  #toldAt = -Infinity;

  constructor(grid: CollisionGrid, x: number, y: number, direction: Direction, options: WalkerOptions) {
    this.#grid = grid;
    this.#options = options;
    this.x = x;
    this.y = y;
    this.direction = direction;
    this.#told = { x, y, direction };
  }

  /** Where it is drawn: off the true place only while a correction fades. */
  get shown(): Point {
    return { x: this.x + this.#offset.x, y: this.y + this.#offset.y };
  }

  /** The last place of the way that is being walked. */
  get goal(): Point | null {
    return this.#goal;
  }

  /** Whether the next step may change something. */
  get busy(): boolean {
    return (
      this.#wish.dx !== 0 ||
      this.#wish.dy !== 0 ||
      this.#path.length > 0 ||
      this.moving ||
      this.#offset.x !== 0 ||
      this.#offset.y !== 0
    );
  }

  /** What the keys say; any direction ends a way. */
  want(wish: Wish): void {
    this.#wish = wish;
    if (wish.dx !== 0 || wish.dy !== 0) this.#endWay(false);
  }

  /**
   * Walks there, or to the free place nearest to it; true on arrival, false when it came otherwise. Runs
   * where it is far, or as `run` says.
   */
  walkTo(to: Point, run?: boolean): Promise<boolean> {
    this.#endWay(false);
    const path = this.#options.way(this, to);
    if (!path) return Promise.resolve(false);
    let length = 0;
    let last: Point = this;
    for (const point of path) {
      length += Math.hypot(point.x - last.x, point.y - last.y);
      last = point;
    }
    this.#path = path;
    this.#goal = path.at(-1) ?? null;
    this.#runs = run ?? length > LONG_WAY;
    this.#corrections = 0;
    return new Promise((resolve) => {
      this.#arrived = resolve;
    });
  }

  /** Looks that way, standing. */
  turn(direction: Direction): void {
    this.direction = direction;
    this.#tell(this.#toldAt);
  }

  /** The world says where we stand: shown as a short glide. A way goes on from there. */
  correct(x: number, y: number): void {
    const { x: fromX, y: fromY } = this.shown;
    this.x = x;
    this.y = y;
    this.#told = { x, y, direction: this.direction };
    const far = Math.hypot(fromX - x, fromY - y) > 200;
    this.#offset = far ? { x: 0, y: 0 } : { x: fromX - x, y: fromY - y };
    if (!this.#goal) return;
    this.#corrections += 1;
    const path = this.#corrections < PATIENCE ? this.#options.way(this, this.#goal) : null;
    if (path) this.#path = path;
    else this.#endWay(false);
  }

  /** One frame. */
  step(now: number): void {
    const dt = Math.min(now - (this.#steppedAt ?? now), LONGEST_FRAME_MS);
    this.#steppedAt = now;
    this.#fadeCorrection(dt);
    const { x, y } = this;
    const turnedFrom = this.direction;
    if (this.#wish.dx !== 0 || this.#wish.dy !== 0) this.#byKeys(dt);
    else if (this.#path.length > 0) this.#alongWay(dt);
    const moved = this.x !== x || this.y !== y;
    this.moving = moved;
    const walking = this.#wish.dx !== 0 || this.#wish.dy !== 0 || this.#path.length > 0;
    if (moved || turnedFrom !== this.direction) this.#tellSoon(now);
    if (!walking) {
      this.#steppedAt = null;
      this.#tell(now);
    }
    if (this.#goal && this.#path.length === 0) {
      this.#tell(now);
      this.#endWay(true);
    }
  }

  #byKeys(dt: number): void {
    const { dx, dy, run } = this.#wish;
    const length = Math.hypot(dx, dy);
    this.#face(dx, dy);
    const reach = (this.#pace(run) * dt) / 1000 / length;
    this.#go(this.#grid.slide(this.x, this.y, dx * reach, dy * reach));
  }

  #alongWay(dt: number): void {
    let reach = (this.#pace(this.#runs) * dt) / 1000;
    for (let next = this.#path[0]; next && reach > 0; next = this.#path[0]) {
      const dx = next.x - this.x;
      const dy = next.y - this.y;
      const length = Math.hypot(dx, dy);
      if (length > 0.01) this.#face(dx, dy);
      if (length <= reach) {
        this.#go(next);
        this.#path.shift();
        reach -= length;
      } else {
        this.#go({ x: this.x + (dx * reach) / length, y: this.y + (dy * reach) / length });
        reach = 0;
      }
    }
  }

  #go(to: Point): void {
    if (to.x === this.x && to.y === this.y) return;
    if (!this.#grid.clear(this.#told.x, this.#told.y, to.x, to.y)) this.#tell(this.#steppedAt ?? 0);
    this.x = to.x;
    this.y = to.y;
  }

  #pace(run: boolean): number {
    // A little below the world's bound: clocks differ.
    return Math.min(run ? RUN_SPEED : WALK_SPEED, this.#options.speed * 0.95);
  }

  #face(dx: number, dy: number): void {
    const across: Direction | null = Math.abs(dx) < 0.01 ? null : dx < 0 ? "left" : "right";
    const along: Direction | null = Math.abs(dy) < 0.01 ? null : dy < 0 ? "up" : "down";
    // Going aslant, the face stays as it is when it fits.
    if (this.direction === across || this.direction === along) {
      const slanted = Math.abs(dx) > Math.abs(dy) / 2 && Math.abs(dy) > Math.abs(dx) / 2;
      if (slanted) return;
    }
    this.direction = (Math.abs(dx) >= Math.abs(dy) ? across : along) ?? across ?? along ?? this.direction;
  }

  #fadeCorrection(dt: number): void {
    const keep = Math.exp(-dt / CORRECTION_MS);
    const x = this.#offset.x * keep;
    const y = this.#offset.y * keep;
    this.#offset = Math.hypot(x, y) < 0.5 ? { x: 0, y: 0 } : { x, y };
  }

  #tellSoon(now: number): void {
    if (now - this.#toldAt >= REPORT_MS) this.#tell(now);
  }

  #tell(now: number): void {
    const { x, y, direction } = this;
    const told = this.#told;
    if (told.x === x && told.y === y && told.direction === direction) return;
    this.#told = { x, y, direction };
    this.#toldAt = now;
    this.#options.report(x, y, direction);
  }

  #endWay(there: boolean): void {
    this.#path = [];
    this.#goal = null;
    const arrived = this.#arrived;
    this.#arrived = null;
    arrived?.(there);
  }
}
