/**
 * Where I go: by keys and thumb, to a place, to somebody, or with somebody. Whatever I do myself ends
 * following.
 */
import { beside } from "../game/follow.ts";
import type { Wish } from "../game/walker.ts";
import { Following, type FollowingParts } from "./following.ts";

export interface WalkingParts extends FollowingParts {
  /** Until the map is there. */
  ready: () => Promise<void>;
}

export class Walking {
  readonly following: Following;
  readonly #parts: WalkingParts;

  constructor(parts: WalkingParts) {
    this.#parts = parts;
    this.following = new Following(parts);
  }

  want(wish: Wish): void {
    if (wish.dx !== 0 || wish.dy !== 0) this.following.stop();
    this.#parts.play()?.want(wish);
  }

  /** Map px; true on arrival. */
  async to(x: number, y: number): Promise<boolean> {
    this.following.stop();
    await this.#parts.ready();
    return (await this.#parts.play()?.walkTo({ x, y })) ?? false;
  }

  /** Beside them, not on them. */
  toPerson(userId: string): void {
    const pose = this.#parts.people.pose(userId, performance.now());
    const { walker, grid } = this.#parts.play() ?? {};
    if (!pose || !walker || !grid) return;
    const { x, y } = beside(pose, walker, (...step) => grid.clear(...step));
    void this.to(x, y);
  }

  /** Into the middle of a zone. */
  toZone(zoneId: string): void {
    const bounds = this.#parts.people.zones.get(zoneId)?.bounds;
    if (bounds) void this.to(bounds.x + bounds.width / 2, bounds.y + bounds.height / 2);
  }
}
