/**
 * One person in the meeting: their picture or their sign, name, microphone, and a ring while they speak.
 */
import { t } from "../i18n/words.ts";
import { h, iconButton, setButton } from "../shared/dom.ts";
import { face } from "../shared/face.ts";
import { icon } from "../shared/icons.ts";

export interface TileOptions {
  readonly userId: string;
  readonly name: string;
  readonly avatar: string;
  /** The own tile is mirrored, as people know themselves. */
  readonly own: boolean;
  /** Wants this person large, or no more. */
  readonly pin: () => void;
}

export class Tile {
  readonly element: HTMLElement;
  readonly #video: HTMLVideoElement;
  readonly #muted: HTMLElement;
  readonly #name: HTMLElement;
  readonly #userId: string;
  #sign: HTMLElement;
  #avatar: string;

  readonly #pin = iconButton("enlarge", "", "tile-pin");

  constructor({ userId, name, avatar, own, pin }: TileOptions) {
    this.#userId = userId;
    this.#video = h("video", { autoplay: true, playsinline: true, class: own ? "own" : "", hidden: true });
    // What is heard comes from the audio graph alone.
    this.#video.muted = true;
    this.#sign = face(userId, name, avatar);
    this.#avatar = avatar;
    this.#muted = h("span", { class: "tile-muted" }, icon("mic_off"), h("span", { class: "visually-hidden" }, t("meeting.mic_off")));
    this.#name = h("span", { class: "tile-words" }, own ? t("meeting.you", { name }) : name);
    const foot = h("div", { class: "tile-name" }, this.#muted, this.#name);
    this.element = h("li", { class: own ? "tile own" : "tile", "data-user": userId }, this.#sign, this.#video, foot, own ? null : this.#pin);
    this.#pin.addEventListener("click", pin);
    this.pinned = false;
  }

  rename(name: string, avatar: string, own: boolean): void {
    const words = own ? t("meeting.you", { name }) : name;
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

  set pinned(on: boolean) {
    const name = this.#name.textContent ?? "";
    setButton(this.#pin, on ? "shrink" : "enlarge", t(on ? "meeting.unpin" : "meeting.pin", { name }));
    this.#pin.setAttribute("aria-pressed", String(on));
  }

  /** Larger than all others. */
  set large(on: boolean) {
    this.element.classList.toggle("large", on);
  }

  set muted(muted: boolean) {
    this.#muted.hidden = !muted;
  }

  set speaking(speaking: boolean) {
    this.element.classList.toggle("speaking", speaking);
  }

  /** px; `aside`: what stays free at both sides, so that nobody stands beside it. */
  size(width: number, height: number, aside = 0): void {
    this.element.style.marginInline = `${Math.floor(aside)}px`;
    this.element.style.width = `${width}px`;
    this.element.style.height = `${height}px`;
  }
}
