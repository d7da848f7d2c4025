/**
 * The person's own microphone and camera over the life of the page: what the device check said or how a page that is
 * loaded anew was left, nothing else than the person turns them on later, and they end with the page.
 */
import type { AsLeft } from "../media/as_left.ts";
import type { MediaControl } from "../media/contract.ts";
import type { Welcome } from "../net/messages.ts";
import type { Checked } from "./device_check.ts";

export interface OwnMediaParts {
  readonly media: MediaControl;
  readonly asLeft: AsLeft;
  /** Whether the microphone is on for as long as a key is held only. */
  readonly talking: () => boolean;
}

/** By what the devices are on: by the check of them, as they were left, or as before a lost connection. */
export type Began = "checked" | "as_left" | "again";

export class OwnMedia {
  readonly #parts: OwnMediaParts;
  #welcomed = false;
  /** Devices are as the person wants them: not while they are being opened, nor when they stop with the page. */
  #settled = false;
  /** The page goes: that its tracks stop is nothing that its person has said. */
  #leaving = false;
  #checked: Checked | null = null;

  constructor(parts: OwnMediaParts) {
    this.#parts = parts;
    parts.media.on("local", () => this.#keep());
    window.addEventListener("pagehide", (event) => {
      this.#leaving = !event.persisted;
      if (this.#leaving) this.stop();
    });
  }

  get leaving(): boolean {
    return this.#leaving;
  }

  async use(checked: Checked): Promise<void> {
    this.#checked = checked;
    await this.#parts.media.setDevices(checked.devices);
  }

  async start(welcome: Welcome): Promise<Began> {
    const { media, asLeft } = this.#parts;
    // A page that was loaded anew is as it was left; otherwise nothing but the person turns anything on.
    const first = !this.#welcomed;
    this.#welcomed = true;
    const left = first ? asLeft.atMost(welcome.you.media) : { mic: false, camera: false };
    const { mic, camera } = (first ? this.#checked : null) ?? left;
    await media.start(welcome.ice_servers as RTCIceServer[], { mic, camera }, welcome.you.session);
    this.#settled = true;
    this.#keep();
    if (!first) return "again";
    return this.#checked ? "checked" : "as_left";
  }

  stop(): void {
    this.#settled = false;
    this.#parts.media.stop();
  }

  #keep(): void {
    const { mic, camera } = this.#parts.media.local;
    if (this.#settled) this.#parts.asLeft.keep({ mic: mic && !this.#parts.talking(), camera });
  }
}
