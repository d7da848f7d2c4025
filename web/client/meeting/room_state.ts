/**
 * Who is in the room of this meeting, told by the world's messages. Pure: no DOM, no media.
 *
 * The world also shows people who only stand near; a meeting lists those of its own zone.
 */
import { gain } from "../game/hearing.ts";
import type { PlayerInfo, ServerMessage, Welcome, ZoneInfo } from "../net/messages.ts";

export class RoomState {
  #welcome: Welcome | null = null;
  #zones = new Map<string, ZoneInfo>();
  #players = new Map<string, PlayerInfo>();

  get welcome(): Welcome | null {
    return this.#welcome;
  }

  get you(): Welcome["you"] | null {
    return this.#welcome?.you ?? null;
  }

  /** Everybody else in my view. */
  get players(): PlayerInfo[] {
    const mine = this.you?.user_id;
    return [...this.#players.values()].filter((player) => player.user_id !== mine);
  }

  /** The others in my zone, in the order in which they came. */
  get others(): PlayerInfo[] {
    return this.players.filter((player) => player.zone_id === this.you?.zone_id);
  }

  /** The zone that I am in. */
  get myZone(): ZoneInfo | null {
    return this.#zones.get(this.you?.zone_id ?? "") ?? null;
  }

  /** Somebody's avatar, "" where it is not known. */
  avatarOf(userId: string): string {
    return (userId === this.you?.user_id ? this.you.avatar : this.#players.get(userId)?.avatar) ?? "";
  }

  /** How loud this person is for me, 0..1. */
  gainOf(userId: string): number {
    if (userId === this.you?.user_id) return 1; // the echo booth
    const player = this.#players.get(userId);
    if (!this.#welcome || !player) return 0;
    return gain(this.#welcome.you, player, this.#zones, this.#welcome.hearing);
  }

  /** Takes a message; true where `others` or somebody's name or media may be different now. */
  take(message: ServerMessage): boolean {
    switch (message.type) {
      case "welcome":
        this.#welcome = { ...message, you: { ...message.you } };
        this.#players = new Map(message.players.map((player) => [player.user_id, { ...player }]));
        this.#setZones(message.zones);
        return true;
      case "zones_changed":
        this.#setZones(message.zones);
        return true;
      case "players":
        return this.#playersChanged(message);
      case "zone_changed":
        return this.#update(message.user_id, { zone_id: message.zone_id });
      case "media_changed":
        return this.#update(message.user_id, { media: message.media });
      case "moved_back":
        return this.you !== null && this.#update(this.you.user_id, { x: message.x, y: message.y });
      default:
        return false;
    }
  }

  #setZones(zones: readonly ZoneInfo[]): void {
    this.#zones = new Map(zones.map((zone) => [zone.id, zone]));
  }

  #playersChanged({ joined = [], moved = [], left = [] }: Extract<ServerMessage, { type: "players" }>): boolean {
    for (const player of joined) this.#players.set(player.user_id, { ...player });
    for (const [userId, x, y, direction] of moved) this.#update(userId, { x, y, direction });
    for (const userId of left) this.#players.delete(userId);
    return joined.length + left.length > 0;
  }

  #update(userId: string, change: Partial<PlayerInfo>): boolean {
    const one = userId === this.you?.user_id ? this.you : this.#players.get(userId);
    if (one) Object.assign(one, change);
    return one !== undefined;
  }
}
