/**
 * One person in the meeting: their picture or their sign, name, microphone, and a ring while they speak.
 */
import { h } from "../shared/dom.ts";
import { face } from "../shared/face.ts";
import { icon } from "../shared/icons.ts";

export interface TileOptions {
  readonly userId: string;
  readonly name: string;
  readonly avatar: string;
  /** The own tile is mirrored, as people know themselves. */
  readonly own: boolean;
}

export class Tile {
  readonly element: HTMLElement;
  readonly #video: HTMLVideoElement;
  readonly #muted: HTMLElement;
  readonly #name: HTMLElement;
  readonly #userId: string;
  #sign: HTMLElement;
  #avatar: string;

  constructor({ userId, name, avatar, own }: TileOptions) {
    this.#userId = userId;
    this.#video = h("video", { autoplay: true, playsinline: true, class: own ? "own" : "", hidden: true });
    // What is heard comes from the audio graph alone.
    this.#video.muted = true;
    this.#sign = face(userId, name, avatar);
    this.#avatar = avatar;
    this.#muted = h("span", { class: "tile-muted" }, icon("mic_off"), h("span", { class: "visually-hidden" }, "microphone off"));
    this.#name = h("span", { class: "tile-words" }, own ? `${name} (you)` : name);
    const foot = h("div", { class: "tile-name" }, this.#muted, this.#name);
    this.element = h("li", { class: own ? "tile own" : "tile", "data-user": userId }, this.#sign, this.#video, foot);
  }

  rename(name: string, avatar: string, own: boolean): void {
    const words = own ? `${name} (you)` : name;
    if (this.#name.textContent === words && this.#avatar === avatar) return;
    this.#name.textContent = words;
    this.#avatar = avatar;
    const sign = face(this.#userId, name, avatar);
    this.#sign.replaceWith(sign);
    this.#sign = sign;
  }

  show(stream: MediaStream | null): void {
    if (this.#video.srcObject === stream) return;
    this.#video.srcObject = stream;
    this.#video.hidden = stream === null;
    if (stream) void this.#video.play().catch(() => undefined); // a tab in the background plays later
  }

  set muted(muted: boolean) {
    this.#muted.hidden = !muted;
  }

  set speaking(speaking: boolean) {
    this.element.classList.toggle("speaking", speaking);
  }

  size(width: number, height: number): void {
    this.element.style.width = `${width}px`;
    this.element.style.height = `${height}px`;
  }
}
