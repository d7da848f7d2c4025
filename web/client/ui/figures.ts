/**
 * The overlay of figures, loaded when somebody wants to see it, with what the server said last of its own estimates and
 * decisions.
 */
import type { People } from "../game/people.ts";
import { t } from "../i18n/words.ts";
import type { MediaControl } from "../media/contract.ts";
import type { Connection } from "../net/connection.ts";
import type { ServerMessage } from "../net/messages.ts";
import { byId } from "../shared/dom.ts";
import type { StatsOverlay } from "./stats_overlay.ts";

const SERVER_SAID: ReadonlySet<string> = new Set(["degraded", "figures", "layers_wanted", "video_paused"]);

export class Figures {
  readonly #media: MediaControl;
  readonly #people: People;
  readonly #connection: Connection;
  readonly #said = new Map<string, unknown>();
  #overlay: StatsOverlay | null = null;

  constructor(media: MediaControl, people: People, connection: Connection) {
    this.#media = media;
    this.#people = people;
    this.#connection = connection;
  }

  handle(message: ServerMessage): void {
    if (SERVER_SAID.has(message.type)) this.#said.set(message.type, { ...message, type: undefined });
  }

  async toggle(): Promise<void> {
    if (!this.#overlay) {
      const { StatsOverlay } = await import("./stats_overlay.ts");
      this.#overlay ??= new StatsOverlay(byId("stage"), {
        media: this.#media,
        nameOf: (userId) => (userId === this.#people.me?.user_id ? t("common.you") : (this.#people.others.get(userId)?.name ?? userId)),
        latency: () => this.#connection.latency,
        server: () => this.#said,
        ask: () => void this.#connection.send({ type: "figures" }),
      });
    }
    this.#overlay.toggle();
  }
}
