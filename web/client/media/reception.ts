/**
 * What we receive, and how it is played and shown: a track a slot, who is in which slot, how loud, from where. Links come
 * and go under it; what the person has set, and the picture of the slots, stay.
 */
import type { PausedVideo } from "../net/messages.ts";
import { within } from "../shared/within.ts";
import { AudioGraph } from "./audio_graph.ts";
import type { Heard, MediaEvents } from "./contract.ts";
import type { OtherProblem } from "./problems.ts";
import { type SlotsPicture, SlotTable, type VideoChanges, type VideoPlace } from "./slots.ts";

export interface ReceptionEvents {
  video: MediaEvents["video"];
  problem: (problem: OtherProblem) => void;
}

export interface ReceivedTrack {
  kind: "audio" | "video";
  slot: number;
  track: MediaStreamTrack;
}

/** A speaker that has not answered by then (ms) does not. */
const SPEAKER_MS = 8_000;
const NOTHING: SlotsPicture = { audio: [], video: [] };

export class Reception {
  readonly table = new SlotTable();
  readonly #events: ReceptionEvents;
  readonly #pictures = new Map<number, MediaStreamTrack>();
  #graph: AudioGraph | null = null;
  #gainOf: ((userId: string) => number) | null = null;
  #volumeOf: (userId: string) => number = () => 1;
  #scene: ((userId: string) => Heard | null) | null = null;
  #direction = false;
  #speaker = "";
  #watch = true;
  #deafened = false;

  constructor(events: ReceptionEvents) {
    this.#events = events;
  }

  /** Null before `open` and after `close`. */
  get graph(): AudioGraph | null {
    return this.#graph;
  }

  get watch(): boolean {
    return this.#watch;
  }

  get deafened(): boolean {
    return this.#deafened;
  }

  /** From now on things are played. */
  open(): void {
    this.#graph = new AudioGraph(() => this.#events.problem("click_to_hear"));
    if (this.#gainOf) this.#graph.setGain(this.#gainOf);
    this.#graph.setVolume(this.#volumeOf);
    this.#graph.setDeafened(this.#deafened);
    this.#graph.setDirection(this.#direction);
    this.#graph.setScene(this.#scene);
    if (this.#speaker !== "") void this.useSpeaker(this.#speaker);
  }

  /** Nothing is played or shown any more. */
  close(): void {
    this.empty();
    this.#pictures.clear();
    this.#graph?.close();
    this.#graph = null;
  }

  /** The link is another one: its tracks are gone, who is in which slot stays known. */
  detach(): void {
    this.#graph?.detachAll();
    this.#pictures.clear();
  }

  received({ kind, slot, track }: ReceivedTrack): void {
    if (kind === "audio") {
      this.#graph?.attach(slot, track);
      return;
    }
    this.#pictures.set(slot, track);
    for (const place of this.table.video) if (place.slot === slot) this.#show(place);
  }

  /** Who is in which slot. */
  apply(picture: SlotsPicture): void {
    const { audio, video } = this.table.apply(picture);
    for (const { slot, occupant, changedPerson } of audio) this.#graph?.occupy(slot, occupant, changedPerson);
    this.#look(video);
  }

  /** Nobody is in any slot. */
  empty(): void {
    this.apply(NOTHING);
  }

  /** These pictures stand still, since the path is too narrow for them. */
  pause(pictures: readonly PausedVideo[]): void {
    this.#look(this.table.pause(pictures));
  }

  // --- what the person has set -------------------------------------------------------------------

  setWatch(on: boolean): void {
    this.#watch = on;
    for (const place of this.table.video) this.#show(place);
  }

  setDeafened(on: boolean): void {
    this.#deafened = on;
    this.#graph?.setDeafened(on);
  }

  setGain(gain: (userId: string) => number): void {
    this.#gainOf = gain;
    this.#graph?.setGain(gain);
  }

  setVolume(volume: (userId: string) => number): void {
    this.#volumeOf = volume;
    this.#graph?.setVolume(volume);
  }

  setScene(scene: ((userId: string) => Heard | null) | null): void {
    this.#scene = scene;
    this.#graph?.setScene(scene);
  }

  setDirection(on: boolean): void {
    this.#direction = on;
    this.#graph?.setDirection(on);
  }

  async useSpeaker(id: string): Promise<void> {
    this.#speaker = id;
    try {
      if (this.#graph) await within(SPEAKER_MS, this.#graph.setSpeaker(id));
    } catch {
      this.#events.problem("speaker_failed");
    }
  }

  // --- pictures ----------------------------------------------------------------------------------

  #look({ gone, shown }: VideoChanges): void {
    for (const { userId, source } of gone) this.#events.video(userId, source, null);
    for (const place of shown) this.#show(place);
  }

  #show({ userId, source, slot }: VideoPlace): void {
    const track = this.#pictures.get(slot);
    if (this.#watch && !track) return; // shown when the track is there
    this.#events.video(userId, source, this.#watch && track ? new MediaStream([track]) : null);
  }
}
