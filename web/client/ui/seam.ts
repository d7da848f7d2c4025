/**
 * `window.atrium`: what tests, and a look from the console, may see of the page.
 */
import type { People } from "../game/people.ts";
import type { Play } from "../game/play.ts";
import type { MediaControl } from "../media/contract.ts";
import type { Connection, ConnectionState } from "../net/connection.ts";
import type { Showing, Slots } from "../net/messages.ts";
import type { Voices } from "./voices.ts";

/** What the page lets its tests see; reading only, but for `walkTo`. */
export interface Seam {
  /** Me as drawn, null before the first welcome. */
  you(): { user_id: string; name: string; x: number; y: number; zone_id: string | null; direction: string } | null;
  /** The others in view as drawn. */
  players(): { user_id: string; name: string; x: number; y: number; zone_id: string | null; presence: string; avatar: string; showing: Showing }[];
  /** Walks as a double-click would; true on arrival. */
  walkTo(x: number, y: number): Promise<boolean>;
  /** Each person's gain for me now. */
  gains(): Record<string, number>;
  /** How the map is seen: by what it is drawn, CSS px per map px, and the ring of how far I am heard. */
  view(): { engine: "webgl" | "canvas"; zoom: number; hearing: number | "room" | null } | null;
  /** Whom I follow. */
  following(): string | null;
  /** The last picture of the slots. */
  slots(): Slots | null;
  readonly media: MediaControl;
  connectionState(): ConnectionState["name"];
  mediaState(): string;
  latency(): number | null;
}

export interface SeamParts {
  people: People;
  connection: Connection;
  media: MediaControl;
  voices: Voices;
  play: () => Play | null;
  following: () => string | null;
  slots: () => Slots | null;
  walkTo: (x: number, y: number) => Promise<boolean>;
}

export function makeSeam(parts: SeamParts): Seam {
  const { people, connection, media, voices } = parts;
  return {
    you: () => {
      const { me } = people;
      const walker = parts.play()?.walker;
      if (!me || !walker) return null;
      const { x, y, direction } = walker;
      return { user_id: me.user_id, name: me.name, x, y, direction, zone_id: me.zone_id };
    },
    players: () =>
      [...people.others.values()].map(({ user_id, name, avatar, zone_id, presence, showing, trail }) => {
        const { x, y } = trail.at(performance.now());
        return { user_id, name, x, y, zone_id, presence, avatar, showing };
      }),
    walkTo: parts.walkTo,
    gains: () => Object.fromEntries([...people.others.keys()].map((id) => [id, voices.gainOf(id)])),
    view: () => {
      const play = parts.play();
      return play && { engine: play.stage.engine, zoom: play.zoom, hearing: play.stage.hearing };
    },
    following: parts.following,
    slots: parts.slots,
    media,
    connectionState: () => connection.state.name,
    mediaState: () => voices.mediaState,
    latency: () => connection.latency,
  };
}
