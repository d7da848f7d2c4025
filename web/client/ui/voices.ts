/**
 * Joins the media session to what is seen: who is muted, who speaks, whose picture hangs where, and how
 * loud everybody is for me.
 */
import type { People } from "../game/people.ts";
import type { Play } from "../game/play.ts";
import { t } from "../i18n/words.ts";
import { type DeviceKind, chooseDevice, listDevices, rememberedChoice } from "../media/devices.ts";
import type { Heard, LocalMedia, MediaControl } from "../media/contract.ts";
import { OwnVoice } from "../media/own_voice.ts";
import type { Volumes } from "../media/volumes.ts";
import { byId } from "../shared/dom.ts";
import type { Lists } from "./lists.ts";
import type { MediaControls } from "./media_controls.ts";
import type { Modes } from "./modes.ts";
import type { Toasts } from "./notices.ts";
import type { Tiles } from "./tiles.ts";

/** ms between two looks at the own microphone's level. */
const LEVEL_MS = 100;

export interface VoicesParts {
  media: MediaControl;
  people: People;
  tiles: Tiles;
  modes: Modes;
  volumes: Volumes;
  lists: Lists;
  controls: MediaControls;
  toasts: Toasts;
  play: () => Play | null;
}

export class Voices {
  readonly #parts: VoicesParts;
  #speaking: ReadonlySet<string> = new Set();
  readonly #voice = new OwnVoice();
  #iSpeak = false;
  #deafened = false;
  #mediaState = "idle";

  constructor(parts: VoicesParts) {
    this.#parts = parts;
    const { media, tiles, lists, controls, toasts, volumes } = parts;
    media.setGain((userId) => this.gainOf(userId));
    media.setVolume((userId) => volumes.of(userId));
    media.setScene((userId) => this.#heardFrom(userId));
    media.on("video", (userId, source, stream) => {
      tiles.setVideo(userId, source, stream, false);
      this.lookAt(userId);
    });
    media.on("speaking", (userIds) => {
      const changed = new Set([...this.#speaking, ...userIds]);
      this.#speaking = userIds;
      for (const id of changed) this.lookAt(id);
      lists.changed();
    });
    media.on("local", (state) => this.#localChanged(state));
    media.on("connection", (state) => {
      this.#mediaState = state;
      document.body.dataset["media"] = state;
      byId("media-state").hidden = state === "connected" || state === "idle";
    });
    media.on("problem", (_, message) => toasts.show(message, "bad"));
    lists.askSpeaking((userId) => this.speaking(userId));
    void this.#useRememberedDevices();
    setInterval(() => {
      const { mic, level } = media.local;
      if (mic && !document.hidden) controls.showLevel(level);
      this.#listenToMe(mic ? level : null);
    }, LEVEL_MS);
  }

  /** Of the media connection: idle, connecting, connected or failed. */
  get mediaState(): string {
    return this.#mediaState;
  }

  /** 0..1, by where both are drawn now. */
  gainOf(userId: string): number {
    if (userId === this.#parts.people.me?.user_id) return 1; // the echo booth
    const walker = this.#parts.play()?.walker;
    return walker ? this.#parts.people.gainOf(userId, walker.x, walker.y, performance.now()) : 0;
  }

  /** From where somebody's voice comes, and whether a wall is between us: in public space. */
  #heardFrom(userId: string): Heard | null {
    const { play, people } = this.#parts;
    const { walker, walls } = play() ?? {};
    const pose = people.pose(userId, performance.now());
    if (!walker || !pose || userId === people.me?.user_id) return null;
    const [dx, dy] = [pose.x - walker.x, pose.y - walker.y];
    // In a room everybody hears everybody: its own furniture of walls does not count.
    const wall = people.myRoom === null && walls?.between(walker.x, walker.y, pose.x, pose.y) === true;
    return { dx, dy, muffled: wall ? 1 : 0 };
  }

  muted(userId: string): boolean {
    const { people, media } = this.#parts;
    if (userId === people.me?.user_id) return !media.local.mic;
    return people.others.get(userId)?.media.mic !== true;
  }

  /** Nobody who is muted speaks, whatever was said a moment ago. */
  speaking(userId: string): boolean {
    if (userId === this.#parts.people.me?.user_id) return this.#iSpeak;
    return this.#speaking.has(userId) && !this.muted(userId);
  }

  /** Shows somebody's state at their avatar. */
  lookAt(userId: string): void {
    const { play, tiles, people } = this.#parts;
    if (userId !== people.me?.user_id && !people.others.has(userId)) return;
    play()?.setLook(userId, {
      muted: this.muted(userId),
      speaking: this.speaking(userId),
      tiled: tiles.names(userId),
    });
  }

  lookAtAll(): void {
    const { me, others } = this.#parts.people;
    if (me) this.lookAt(me.user_id);
    for (const id of others.keys()) this.lookAt(id);
  }

  /** The world tells of the others only; my own ring is lit by my own microphone. */
  #listenToMe(level: number | null): void {
    const speaks = this.#voice.speaks(level, performance.now());
    const me = this.#parts.people.me;
    if (speaks === this.#iSpeak || !me) return;
    this.#iSpeak = speaks;
    this.lookAt(me.user_id);
    this.#parts.lists.changed();
  }

  #showDeafened(deafened: boolean): void {
    if (deafened === this.#deafened) return;
    this.#deafened = deafened;
    document.body.classList.toggle("deafened", deafened);
    const { modes, media } = this.#parts;
    const hearAgain = (): void => media.setDeafened(false);
    modes.show(
      "deafened",
      deafened ? { sign: "headphones_off", words: t("media.hear_nobody"), end: t("media.hear_again"), ended: hearAgain } : null,
    );
  }

  #localChanged({ mic, camera, screen, deafened, cameraStream, screenStream }: LocalMedia): void {
    const { people, tiles, lists } = this.#parts;
    this.#showDeafened(deafened);
    if (!mic) this.#listenToMe(null);
    const me = people.me?.user_id;
    if (me === undefined) return;
    tiles.setVideo(me, "camera", camera ? cameraStream : null, true);
    tiles.setVideo(me, "screen", screen ? screenStream : null, true);
    this.lookAt(me);
    lists.setMine({ mic, camera, screen });
  }

  /** The devices that were chosen in this browser before, where they are still there. */
  async #useRememberedDevices(): Promise<void> {
    const remembered = rememberedChoice();
    const devices = await listDevices();
    const chosen: Partial<Record<DeviceKind, string>> = {};
    for (const kind of ["mic", "camera", "speaker"] as const) {
      const device = chooseDevice(devices[kind], remembered[kind]);
      if (device) chosen[kind] = device.id;
    }
    if (Object.keys(chosen).length > 0) await this.#parts.media.setDevices(chosen);
  }
}
