/**
 * The map's picture beside what goes on on it: shown small as well, painted anew when the graphics card lets go
 * of it, and what the person is told where there is none.
 */
import { t } from "../i18n/words.ts";
import type { Point } from "../game/collision.ts";
import type { People } from "../game/people.ts";
import type { Play } from "../game/play.ts";
import type { Connection } from "../net/connection.ts";
import { byId } from "../shared/dom.ts";
import { dotsOf, Minimap } from "./minimap.ts";
import type { Banner, Toasts } from "./notices.ts";
import type { Voices } from "./voices.ts";

export interface MapPictureParts {
  play: () => Play | null;
  people: People;
  walkTo: (to: Point) => void;
  toasts: Toasts;
  banner: Banner;
  connection: Connection;
}

export class MapPicture {
  readonly #parts: MapPictureParts;
  readonly #minimap: Minimap;

  constructor(parts: MapPictureParts) {
    this.#parts = parts;
    this.#minimap = new Minimap(byId("minimap", HTMLCanvasElement), parts.walkTo);
  }

  /** The small map becomes that of the large one. */
  show(): void {
    const { play, people } = this.#parts;
    const ground = play()?.ground;
    if (ground) this.#minimap.setMap(ground, people.zones.values());
  }

  /** The small map's dots; true asks for another frame. */
  draw(play: Play, voices: Voices, now: number): boolean {
    return this.#minimap.draw(now, dotsOf(play, this.#parts.people, voices, now));
  }

  /** Everything but the picture goes on meanwhile. */
  lost(again: boolean): void {
    if (again) this.show();
    else this.#parts.toasts.show(t("world.picture_lost"));
  }

  /** Nobody stays in a world that they cannot see. */
  failed(error: unknown): void {
    this.#parts.connection.stop();
    this.#parts.banner.fail(error instanceof Error ? error.message : t("world.not_drawn"));
  }
}
