/**
 * What we send: the live tracks of microphone, camera and screen, and the wish behind each.
 *
 * Rules: only a call from outside turns something on; turning off stops the track (the light goes
 * out) even when the device is still being opened; a device that ends by itself is off and stays off.
 */
import type { Source } from "../net/messages.ts";
import { openCamera, openMic, openScreen } from "./capture.ts";
import { type Effects, NO_EFFECTS } from "./effects/choice.ts";
import { cameraEffects, EffectFailed, micEffects } from "./effects/effects.ts";
import { captureProblem, lostProblem, type Device, type Problem, problemOf, waitingProblem } from "./problems.ts";

export interface LocalTrackEvents {
  /** This track is what `source` sends from now on; null: nothing. */
  track(source: Source, track: MediaStreamTrack | null): void;
  /** A device went on or off, or was exchanged. */
  changed(): void;
  problem(problem: Problem): void;
}

/** A device that has not opened by then (ms) waits for its person, most likely: browsers ask in a corner. */
const ASKED_MS = 4_000;

type Opened = Partial<Record<Source, MediaStreamTrack>>;

const SOURCES: Record<Device, readonly Source[]> = {
  mic: ["mic"],
  camera: ["camera"],
  screen: ["screen", "screen_audio"],
};

export class LocalTracks {
  readonly #events: LocalTrackEvents;
  readonly #tracks = new Map<Source, MediaStreamTrack>();
  readonly #streams = new WeakMap<MediaStreamTrack, MediaStream>();
  /** Counts the wishes of a device: what an older wish opened is not wanted any more. */
  readonly #wishes: Record<Device, number> = { mic: 0, camera: 0, screen: 0 };
  readonly #opening = new Map<Device, Promise<void>>();
  #chosen: { mic?: string; camera?: string } = {};
  #effects: Effects = NO_EFFECTS;

  constructor(events: LocalTrackEvents) {
    this.#events = events;
  }

  get tracks(): ReadonlyMap<Source, MediaStreamTrack> {
    return this.#tracks;
  }

  on(device: Device): boolean {
    return this.#tracks.has(device);
  }

  /** The own picture for a preview: the same object as long as it is the same track. */
  stream(device: "camera" | "screen"): MediaStream | null {
    const track = this.#tracks.get(device);
    if (!track) return null;
    const known = this.#streams.get(track) ?? new MediaStream([track]);
    this.#streams.set(track, known);
    return known;
  }

  /** Turns a device on or off; resolves when it is so, or when its problem has been told. */
  set(device: Device, on: boolean): Promise<void> {
    if (!on) {
      this.#wishes[device] += 1;
      this.#opening.delete(device);
      this.#stop(device);
      return Promise.resolve();
    }
    if (this.on(device)) return Promise.resolve();
    const already = this.#opening.get(device);
    if (already) return already;
    return this.#open(device);
  }

  /** `set` as it was saved, where it has not been turned on or off before; what is off after that stays off. */
  begin(device: Device, saved: boolean): Promise<void> {
    return this.set(device, saved && (this.on(device) || this.#wishes[device] === 0));
  }

  /** Uses these devices from now on; one that is on changes over without a gap. */
  async choose(chosen: { mic?: string; camera?: string }): Promise<void> {
    const before = this.#chosen;
    this.#chosen = { ...before, ...chosen };
    const changed = (["mic", "camera"] as const).filter(
      (device) => this.on(device) && this.#chosen[device] !== before[device],
    );
    await Promise.all(changed.map((device) => this.#open(device)));
  }

  /** Sends with these effects from now on; what is on changes over without a gap. */
  async setEffects(effects: Effects): Promise<void> {
    const before = this.#effects;
    this.#effects = effects;
    const changed: Device[] = [];
    if (effects.noise !== before.noise) changed.push("mic");
    if (effects.blur !== before.blur) changed.push("camera");
    await Promise.all(changed.filter((device) => this.on(device)).map((device) => this.#open(device)));
  }

  stopAll(): void {
    for (const device of ["mic", "camera", "screen"] as const) void this.set(device, false);
  }

  #open(device: Device): Promise<void> {
    const wish = (this.#wishes[device] += 1);
    const asking = setTimeout(() => {
      if (device !== "screen" && this.#wishes[device] === wish) this.#events.problem(waitingProblem(device));
    }, ASKED_MS);
    const opening = this.#obtain(device)
      .then(
        (opened) => {
          if (this.#wishes[device] === wish) this.#keep(device, opened);
          else for (const track of Object.values(opened)) track.stop();
        },
        (error: unknown) => {
          if (this.#wishes[device] !== wish) return;
          const problem = error instanceof EffectFailed ? error.problem : captureProblem(device, error);
          if (problem) this.#events.problem(problem);
        },
      )
      .finally(() => {
        clearTimeout(asking);
        if (this.#opening.get(device) === opening) this.#opening.delete(device);
      });
    this.#opening.set(device, opening);
    return opening;
  }

  async #obtain(device: Device): Promise<Opened> {
    const effects = this.#effects;
    if (device === "mic") {
      const track = await openMic(this.#chosen.mic, effects.noise);
      return { mic: await micEffects(track, effects, () => this.#events.problem(problemOf("noise_failed"))) };
    }
    if (device === "camera") return { camera: await cameraEffects(await openCamera(this.#chosen.camera), effects) };
    const { video, audio } = await openScreen();
    return audio ? { screen: video, screen_audio: audio } : { screen: video };
  }

  #keep(device: Device, opened: Opened): void {
    for (const source of SOURCES[device]) {
      const before = this.#tracks.get(source);
      const track = opened[source];
      if (track) {
        this.#tracks.set(source, track);
        track.addEventListener("ended", () => this.#ended(device, source, track));
      } else {
        this.#tracks.delete(source);
      }
      if (track || before) this.#events.track(source, track ?? null);
      before?.stop();
    }
    this.#events.changed();
  }

  #stop(device: Device): void {
    let stopped = false;
    for (const source of SOURCES[device]) {
      const track = this.#tracks.get(source);
      if (!track) continue;
      this.#tracks.delete(source);
      track.stop();
      this.#events.track(source, null);
      stopped = true;
    }
    if (stopped) this.#events.changed();
  }

  #ended(device: Device, source: Source, track: MediaStreamTrack): void {
    if (this.#tracks.get(source) !== track || source === "screen_audio") return;
    void this.set(device, false);
    // "Stop sharing" in the browser's own bar is a wish, not a fault.
    if (device !== "screen") this.#events.problem(lostProblem(device));
  }
}
