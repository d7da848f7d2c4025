/**
 * Which slot carries whom: turns each `slots` message into the changes that the audio graph and the
 * video elements have to make. Pure: knows no track, no element and no connection.
 *
 * A `slots` message is always the whole picture, and the WebSocket keeps their order, so the newest
 * one simply wins; its epoch needs no check here.
 */
import type { PausedVideo, SlotInfo, Slots, Source } from "../net/messages.ts";

export interface Occupant {
  readonly userId: string;
  readonly source: Source;
  /** The world's gain when it wrote the message, 0..1. */
  readonly gain: number;
}

export type SlotsPicture = Pick<Slots, "audio" | "video">;

export interface AudioChange {
  readonly slot: number;
  /** null: the slot is silent now. */
  readonly occupant: Occupant | null;
  /** False where the same person's same source only got a new gain. */
  readonly changedPerson: boolean;
}

export type VideoSource = "camera" | "screen";

export interface VideoPlace {
  readonly userId: string;
  readonly source: VideoSource;
  readonly slot: number;
}

export interface VideoChanges {
  /** Pictures that ended: nobody shows them any more. */
  readonly gone: readonly VideoPlace[];
  /** Pictures that are new, or that moved to another slot. */
  readonly shown: readonly VideoPlace[];
}

const videoKey = (userId: string, source: Source): string => `${source} ${userId}`;

export class SlotTable {
  #audio = new Map<number, Occupant>();
  #video = new Map<string, VideoPlace>();
  /** As the last `slots` message has them, those that are paused included. */
  #placed = new Map<string, VideoPlace>();
  #paused = new Set<string>();

  /** Audio slot -> who is in it. */
  get audio(): ReadonlyMap<number, Occupant> {
    return this.#audio;
  }

  /** Everybody whose picture has a slot and comes. */
  get video(): VideoPlace[] {
    return [...this.#video.values()];
  }

  /** Takes the new picture; returns what is different from the one before. */
  apply(picture: SlotsPicture): { audio: AudioChange[]; video: VideoChanges } {
    return { audio: this.#applyAudio(picture.audio), video: this.#applyVideo(picture.video) };
  }

  /** Pictures that do not come now though they have a slot: always all of them. */
  pause(pictures: readonly PausedVideo[]): VideoChanges {
    this.#paused = new Set(pictures.map(({ user_id, source }) => videoKey(user_id, source)));
    return this.#look();
  }

  #applyAudio(entries: readonly SlotInfo[]): AudioChange[] {
    const next = new Map<number, Occupant>();
    for (const { slot, user_id, source, gain } of entries) {
      next.set(slot, { userId: user_id, source, gain });
    }
    const changes: AudioChange[] = [];
    for (const slot of this.#audio.keys()) {
      if (!next.has(slot)) changes.push({ slot, occupant: null, changedPerson: true });
    }
    for (const [slot, occupant] of next) {
      const before = this.#audio.get(slot);
      const changedPerson = before?.userId !== occupant.userId || before.source !== occupant.source;
      if (changedPerson || before?.gain !== occupant.gain) {
        changes.push({ slot, occupant, changedPerson });
      }
    }
    this.#audio = next;
    return changes;
  }

  #applyVideo(entries: readonly SlotInfo[]): VideoChanges {
    const next = new Map<string, VideoPlace>();
    for (const { slot, user_id, source } of entries) {
      if (source !== "camera" && source !== "screen") continue;
      next.set(videoKey(user_id, source), { userId: user_id, source, slot });
    }
    this.#placed = next;
    return this.#look();
  }

  #look(): VideoChanges {
    const next = new Map([...this.#placed].filter(([key]) => !this.#paused.has(key)));
    const gone = [...this.#video].filter(([key]) => !next.has(key)).map(([, place]) => place);
    const shown = [...next]
      .filter(([key, place]) => this.#video.get(key)?.slot !== place.slot)
      .map(([, place]) => place);
    this.#video = next;
    return { gone, shown };
  }
}

/** The slot that a MID of the subscribe connection names (`a3`, `v11`), or null for another MID. */
export function slotOfMid(mid: string | null): { kind: "audio" | "video"; slot: number } | null {
  const match = /^([av])(\d{1,3})$/.exec(mid ?? "");
  if (!match) return null;
  return { kind: match[1] === "a" ? "audio" : "video", slot: Number(match[2]) };
}
