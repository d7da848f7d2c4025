/**
 * Following somebody on the page: begun by a key or at their row, shown, and ended by any step of my own.
 */
import { t } from "../i18n/words.ts";
import type { People } from "../game/people.ts";
import type { Play } from "../game/play.ts";
import { Follow, nearest } from "../game/follow.ts";
import type { Modes } from "./modes.ts";
import type { Toasts } from "./notices.ts";

export interface FollowingParts {
  people: People;
  modes: Modes;
  toasts: Toasts;
  play: () => Play | null;
  /** Whom I follow now, null: nobody. */
  changed: (userId: string | null) => void;
}

export class Following {
  readonly #parts: FollowingParts;
  #follow: Follow | null = null;

  constructor(parts: FollowingParts) {
    this.#parts = parts;
  }

  get userId(): string | null {
    return this.#follow?.userId ?? null;
  }

  /** Follows this person, or no more if it is them already. */
  toggle(userId: string): void {
    const { people, modes, play, changed } = this.#parts;
    const name = people.others.get(userId)?.name;
    const grid = play()?.grid;
    if (userId === this.userId || name === undefined || !grid) {
      this.stop();
      return;
    }
    this.#follow = new Follow(userId, (...step) => grid.clear(...step));
    modes.show("following", { sign: "follow", words: t("world.following", { name }), end: t("world.stop"), ended: () => this.stop() });
    changed(userId);
    play()?.wake();
  }

  /** The key: follows whoever is nearest, or nobody any more. */
  toggleNearest(now: number): void {
    const { people, toasts, play } = this.#parts;
    const walker = play()?.walker;
    if (this.#follow || !walker) {
      this.stop();
      return;
    }
    const others = [...people.others.values()].map(({ user_id, trail }) => ({ user_id, ...trail.at(now) }));
    const next = nearest(walker, others);
    if (next) this.toggle(next.user_id);
    else toasts.show(t("world.nobody_to_follow"));
  }

  /** I walk where I want; or I stand where I am. */
  stop(): void {
    if (!this.#follow) return;
    this.#follow = null;
    this.#parts.modes.show("following", null);
    this.#parts.changed(null);
  }

  /** They are out of view, or gone. */
  lost(name: string): void {
    this.stop();
    this.#parts.toasts.show(t("world.out_of_sight", { name }));
  }

  /** One frame; true: ask again although nothing else moves. */
  update(play: Play, now: number): boolean {
    const walker = play.walker;
    if (!this.#follow || !walker) return false;
    const them = this.#parts.people.pose(this.#follow.userId, now);
    if (!them) return false;
    const step = this.#follow.next(walker, them, now);
    if (step === "soon") return true;
    if (step) play.walkAlong(step.to, step.run);
    return false;
  }
}
