/**
 * How I show myself: my status and whether I sit. The world's word counts; this only asks for it and obeys.
 *
 * Who is away sends nothing: microphone, camera and screen are turned off with it. Turning one on again is coming back,
 * and coming back turns nothing on.
 */
import type { Seat } from "../game/seats.ts";
import { freeSeat } from "../game/seats.ts";
import type { People } from "../game/people.ts";
import type { Play } from "../game/play.ts";
import { t } from "../i18n/words.ts";
import type { LocalMedia, MediaControl } from "../media/contract.ts";
import type { ClientMessage, Showing } from "../net/messages.ts";
import type { Status } from "./expressions.ts";
import type { Modes } from "./modes.ts";
import type { Toasts } from "./notices.ts";

export interface SelfParts {
  people: People;
  media: MediaControl;
  modes: Modes;
  toasts: Toasts;
  play: () => Play | null;
  /** Walks there; true on arrival. */
  walkTo: (x: number, y: number) => Promise<boolean>;
  send: (message: ClientMessage) => void;
  /** My status or seat is another one now. */
  shown: (showing: Showing) => void;
}

export class Self {
  readonly #parts: SelfParts;
  #mode: Status = "available";
  #sittingDown = 0;

  constructor(parts: SelfParts) {
    this.#parts = parts;
    parts.media.on("local", (local) => this.#mediaChanged(local));
  }

  get #showing(): Showing {
    return this.#parts.people.me?.showing ?? { status: "available", seated: false };
  }

  setStatus(status: Status): void {
    const { media, send } = this.#parts;
    if (status === "away") {
      void media.setMic(false);
      void media.setCamera(false);
      void media.setScreen(false);
    }
    if (status !== this.#showing.status) send({ type: "show", status, seated: this.#showing.seated });
  }

  /** The key: sits on the nearest free seat, or gets up. */
  async sitOrGetUp(now: number): Promise<void> {
    const { people, play, send, toasts, walkTo } = this.#parts;
    const stage = play();
    const walker = stage?.walker;
    if (!stage || !walker) return;
    if (this.#showing.seated) {
      send({ type: "show", status: this.#showing.status, seated: false });
      return;
    }
    const taken = [...people.others.values()].map((other) => other.trail.at(now));
    const seat: Seat | null = freeSeat(stage.seats, walker, taken);
    if (!seat) {
      toasts.show(t("world.no_seat"));
      return;
    }
    const turn = ++this.#sittingDown;
    const there = await walkTo(seat.x, seat.y);
    if (!there || turn !== this.#sittingDown) return;
    stage.face(seat.facing);
    send({ type: "show", status: this.#showing.status, seated: true });
  }

  /** The world has told how I show myself. */
  told(): void {
    const showing = this.#showing;
    const { modes, shown } = this.#parts;
    shown(showing);
    if (showing.status === this.#mode) return;
    this.#mode = showing.status;
    const back = (): void => this.setStatus("available");
    modes.show("away", showing.status === "away" ? { sign: "away", words: t("world.you_are_away"), end: t("world.i_am_back"), ended: back } : null);
    modes.show("busy", showing.status === "busy" ? { sign: "busy", words: t("world.you_are_busy"), end: t("world.i_am_available"), ended: back } : null);
  }

  #mediaChanged({ mic, camera, screen }: LocalMedia): void {
    if (this.#showing.status === "away" && this.#mode === "away" && (mic || camera || screen)) this.setStatus("available");
  }
}
