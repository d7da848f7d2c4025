/**
 * The switches of the own devices. The same ones float at the avatar and stand in the bar; both show the
 * same state, because both only show what the media session says.
 */
import { t } from "../i18n/words.ts";
import type { LocalMedia, MediaControl } from "../media/contract.ts";
import { h, iconButton, setButton } from "../shared/dom.ts";
import type { IconName } from "../shared/icons.ts";

type Switch = "mic" | "camera" | "sound" | "screen" | "watch";

interface Words {
  on: IconName;
  off: IconName;
  /** What pressing does, by the present state. */
  turnOff: string;
  turnOn: string;
  key: string;
}

const SWITCHES: Record<Switch, Words> = {
  mic: { on: "mic", off: "mic_off", turnOff: t("media.mute"), turnOn: t("media.unmute"), key: "M" },
  camera: { on: "camera", off: "camera_off", turnOff: t("media.camera_off"), turnOn: t("media.camera_on"), key: "V" },
  sound: { on: "headphones", off: "headphones_off", turnOff: t("media.deafen"), turnOn: t("media.undeafen"), key: "N" },
  screen: { on: "screen", off: "screen", turnOff: t("media.stop_sharing"), turnOn: t("media.share"), key: "" },
  watch: { on: "watch", off: "watch_off", turnOff: t("media.no_video"), turnOn: t("media.video_again"), key: "" },
};

export class MediaControls {
  readonly #media: MediaControl;
  readonly #buttons = new Map<Switch, HTMLButtonElement[]>();
  readonly #waiting = new Set<Switch>();
  #level = 0;

  constructor(media: MediaControl) {
    this.#media = media;
    media.on("local", (state) => this.#show(state));
  }

  /** Adds the switches to an element. */
  addTo(place: HTMLElement): void {
    for (const name of Object.keys(SWITCHES) as Switch[]) {
      const button = iconButton(SWITCHES[name].off, "", `media-button media-${name}`);
      if (name === "mic") button.append(h("span", { class: "level", "aria-hidden": "true" }));
      button.addEventListener("click", () => void this.toggle(name));
      this.#buttons.set(name, [...(this.#buttons.get(name) ?? []), button]);
      place.append(button);
    }
    this.#show(this.#media.local);
  }

  async toggle(name: Switch): Promise<void> {
    await this.set(name, !isOn(this.#media.local, name));
  }

  async set(name: Switch, on: boolean): Promise<void> {
    if (name === "watch") {
      this.#media.setWatch(on);
      return;
    }
    if (name === "sound") {
      this.#media.setDeafened(!on);
      return;
    }
    this.#waiting.add(name);
    this.#show(this.#media.local);
    try {
      if (name === "mic") await this.#media.setMic(on);
      else if (name === "camera") await this.#media.setCamera(on);
      else await this.#media.setScreen(on);
    } finally {
      this.#waiting.delete(name);
      this.#show(this.#media.local);
    }
  }

  /** Shows how loud the own microphone is, 0..1: a person sees that they are heard. */
  showLevel(level: number): void {
    const shown = Math.round(Math.min(level, 1) * 12) / 12;
    if (shown === this.#level) return;
    this.#level = shown;
    for (const button of this.#buttons.get("mic") ?? []) button.style.setProperty("--level", String(shown));
  }

  #show(state: LocalMedia): void {
    if (!state.mic) this.showLevel(0);
    for (const [name, buttons] of this.#buttons) {
      const words = SWITCHES[name];
      const on = isOn(state, name);
      const label = on ? words.turnOff : words.turnOn;
      for (const button of buttons) {
        setButton(button, on ? words.on : words.off, label, words.key ? t("media.with_key", { words: label, key: words.key }) : label);
        // Mic-only and deafened are modes that are switched on: pressed while nothing is received.
        button.setAttribute("aria-pressed", String(name === "watch" || name === "sound" ? !on : on));
        button.setAttribute("aria-busy", String(this.#waiting.has(name)));
        button.dataset["on"] = String(on);
      }
    }
  }
}

function isOn(state: LocalMedia, name: Switch): boolean {
  return name === "sound" ? !state.deafened : state[name];
}
