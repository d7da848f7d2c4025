/**
 * Who is here, as the world tells it: me, those in my view, the zones. No picture, no sound, no clock of
 * its own: `now` is ms on the clock that the caller uses for drawing.
 */
import type {
  Direction,
  Hearing,
  MediaFlags,
  PlayerInfo,
  Presence,
  Role,
  ServerMessage,
  Showing,
  Welcome,
  ZoneInfo,
} from "../net/messages.ts";
import { gain, isSilent, roomOf } from "./hearing.ts";
import { type Pose, Trail } from "./interpolation.ts";

/** How far behind (ms) others are drawn: two ticks of the world. */
const DELAY_TICKS = 2;

export interface Me {
  user_id: string;
  name: string;
  avatar: string;
  presence: Presence;
  role: Role;
  zone_id: string | null;
  showing: Showing;
}

export interface Other {
  user_id: string;
  name: string;
  avatar: string;
  presence: Presence;
  zone_id: string | null;
  media: MediaFlags;
  showing: Showing;
  trail: Trail;
}

/** What has changed, so that those who show it look again. */
export type Change =
  | { what: "all" | "zones" | "my_zone" }
  | { what: "left"; userId: string; name: string }
  | { what: "joined" | "moved" | "zone" | "media" | "showing" | "look"; userId: string };

export class People {
  me: Me | null = null;
  hearing: Hearing = { full: 48, radius: 300, keep: 330, prewarm: 360 };
  readonly others = new Map<string, Other>();
  readonly zones = new Map<string, ZoneInfo>();
  readonly #changed: (change: Change) => void;
  #tick = 50;

  constructor(changed: (change: Change) => void) {
    this.#changed = changed;
  }

  /** The private room that I am in. */
  get myRoom(): ZoneInfo | null {
    const id = roomOf(this.me?.zone_id ?? null, this.zones);
    return id === null ? null : (this.zones.get(id) ?? null);
  }

  /** I am where nobody hears anybody. */
  get silent(): boolean {
    return isSilent(this.me?.zone_id ?? null, this.zones);
  }

  handle(message: ServerMessage, now: number): void {
    switch (message.type) {
      case "welcome":
        this.#welcome(message);
        break;
      case "players":
        for (const player of message.joined ?? []) this.#join(player, now);
        for (const [id, x, y, direction] of message.moved ?? []) this.#move(id, x, y, direction, now);
        for (const id of message.left ?? []) {
          const name = this.others.get(id)?.name;
          if (name === undefined) continue;
          this.others.delete(id);
          this.#changed({ what: "left", userId: id, name });
        }
        break;
      case "zone_changed":
        this.#rezone(message.user_id, message.zone_id);
        break;
      case "zones_changed":
        this.#setZones(message.zones);
        this.#changed({ what: "zones" });
        break;
      case "media_changed": {
        const other = this.others.get(message.user_id);
        if (!other) break;
        other.media = message.media;
        this.#changed({ what: "media", userId: other.user_id });
        break;
      }
      case "shown": {
        const person = this.#person(message.user_id);
        if (!person) break;
        person.showing = message.showing;
        this.#changed({ what: "showing", userId: message.user_id });
        break;
      }
      case "look_changed": {
        const person = this.#person(message.user_id);
        if (!person) break;
        Object.assign(person, { name: message.name, avatar: message.avatar });
        this.#changed({ what: "look", userId: message.user_id });
        break;
      }
    }
  }

  #person(userId: string): Me | Other | undefined {
    return userId === this.me?.user_id ? this.me : this.others.get(userId);
  }

  /** Somebody's gain for me when I stand at (x, y): the world's rule on what is drawn now. */
  gainOf(userId: string, x: number, y: number, now: number): number {
    const other = this.others.get(userId);
    if (!other || !this.me) return 0;
    const pose = other.trail.at(now);
    const mine = { x, y, zone_id: this.me.zone_id };
    return gain(mine, { x: pose.x, y: pose.y, zone_id: other.zone_id }, this.zones, this.hearing);
  }

  pose(userId: string, now: number): Pose | null {
    return this.others.get(userId)?.trail.at(now) ?? null;
  }

  /** What somebody wears; "" of those who are out of view. */
  avatarOf(userId: string): string {
    return this.#person(userId)?.avatar ?? "";
  }

  #welcome(message: Welcome): void {
    const { user_id, name, avatar, presence, role, zone_id, showing } = message.you;
    this.me = { user_id, name, avatar, presence, role, zone_id, showing };
    this.hearing = message.hearing;
    this.#tick = message.tick_ms;
    this.#setZones(message.zones);
    this.others.clear();
    for (const player of message.players) this.#put(player);
    this.#changed({ what: "all" });
  }

  #setZones(zones: ZoneInfo[]): void {
    this.zones.clear();
    for (const zone of zones) this.zones.set(zone.id, zone);
  }

  #join(player: PlayerInfo, now: number): void {
    if (player.user_id === this.me?.user_id) return;
    const known = this.others.get(player.user_id);
    if (!known) {
      this.#put(player);
      this.#changed({ what: "joined", userId: player.user_id });
      return;
    }
    // Told again: their state is new, their way goes on.
    const { name, avatar, presence, zone_id, media, showing } = player;
    Object.assign(known, { name, avatar, presence, zone_id, media, showing });
    known.trail.add(now, player.x, player.y, player.direction);
    this.#changed({ what: "joined", userId: player.user_id });
  }

  #put(player: PlayerInfo): void {
    const { user_id, name, avatar, presence, zone_id, media, showing, x, y, direction } = player;
    if (user_id === this.me?.user_id) return;
    const trail = new Trail(DELAY_TICKS * this.#tick, this.#tick, x, y, direction);
    this.others.set(user_id, { user_id, name, avatar, presence, zone_id, media, showing, trail });
  }

  #move(id: string, x: number, y: number, direction: Direction, now: number): void {
    const other = this.others.get(id);
    if (!other) return;
    other.trail.add(now, x, y, direction);
    this.#changed({ what: "moved", userId: id });
  }

  #rezone(id: string, zoneId: string | null): void {
    if (id === this.me?.user_id) {
      if (this.me.zone_id === zoneId) return;
      this.me.zone_id = zoneId;
      this.#changed({ what: "my_zone" });
      return;
    }
    const other = this.others.get(id);
    if (!other || other.zone_id === zoneId) return;
    other.zone_id = zoneId;
    this.#changed({ what: "zone", userId: id });
  }
}
