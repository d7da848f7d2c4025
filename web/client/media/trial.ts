/**
 * Trying microphone and camera before one goes in: nothing of it leaves the page, and what was on is stopped at the end.
 */
import type { DeviceKind } from "./devices.ts";
import { LocalTracks } from "./local_tracks.ts";
import { Meter } from "./meter.ts";

export type Chosen = Partial<Record<DeviceKind, string>>;

export class Trial {
  readonly tracks: LocalTracks;
  #chosen: Chosen = {};
  #audio: AudioContext | null = null;
  #meter: Meter | null = null;

  /** `problem` gets a sentence for the person. */
  constructor(events: { changed: () => void; problem: (message: string) => void }) {
    this.tracks = new LocalTracks({
      track: (source, track) => {
        if (source !== "mic") return;
        this.#meter?.close();
        this.#audio ??= new AudioContext();
        this.#meter = track ? new Meter(this.#audio, track) : null;
      },
      changed: events.changed,
      problem: ({ message }) => events.problem(message),
    });
  }

  /** All devices that were chosen, the speaker too. */
  get chosen(): Chosen {
    return this.#chosen;
  }

  choose(now: Chosen): void {
    this.#chosen = { ...this.#chosen, ...now };
    const { mic, camera } = now;
    void this.tracks.choose({ ...(mic ? { mic } : {}), ...(camera ? { camera } : {}) });
  }

  /** Of the microphone, 0..1. */
  level(): number {
    return this.#meter?.level() ?? 0;
  }

  stop(): void {
    this.tracks.stopAll();
    void this.#audio?.close();
  }
}
