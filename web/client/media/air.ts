/**
 * The air between a voice and my ears: where it comes from, and the wall that it comes through.
 *
 * The map is seen from above and I look up the map: up is before me, down behind me. Distance is not this file's
 * business (the gain has it); a voice right beside me has no direction.
 */
import type { Heard } from "./contract.ts";

/** What a wall leaves of a voice: the low tones, and not all of them. */
const WALL_HZ = 450;
const WALL_GAIN = 0.65;
const FREE_HZ = 20_000;
const NO_DIRECTION_PX = 20;
const CHANGE_SECONDS = 0.06;

/** A place on the unit circle around my head, as a PannerNode takes it: x right, z towards me. Pure. */
export function placeOf(heard: Pick<Heard, "dx" | "dy"> | null): { x: number; z: number } {
  const distance = heard ? Math.hypot(heard.dx, heard.dy) : 0;
  if (!heard || !(distance > NO_DIRECTION_PX)) return { x: 0, z: -1 };
  return { x: heard.dx / distance, z: heard.dy / distance };
}

export class Air {
  readonly #context: AudioContext;
  readonly #filter: BiquadFilterNode;
  readonly #loss: GainNode;
  readonly #to: AudioNode;
  #panner: PannerNode | null = null;

  constructor(context: AudioContext, to: AudioNode) {
    this.#context = context;
    this.#to = to;
    this.#filter = context.createBiquadFilter();
    this.#filter.type = "lowpass";
    this.#filter.frequency.value = FREE_HZ;
    this.#loss = context.createGain();
    this.#filter.connect(this.#loss);
    this.#loss.connect(to);
  }

  get input(): AudioNode {
    return this.#filter;
  }

  /** Voices from where people stand, or all of them from the middle. */
  setDirection(on: boolean): void {
    if (on === (this.#panner !== null)) return;
    this.#loss.disconnect();
    if (!on) {
      this.#panner?.disconnect();
      this.#panner = null;
      this.#loss.connect(this.#to);
      return;
    }
    this.#panner = new PannerNode(this.#context, { panningModel: "HRTF", distanceModel: "linear", rolloffFactor: 0 });
    this.#loss.connect(this.#panner).connect(this.#to);
  }

  /** Null: as if beside me. `at once` for somebody new in the slot. */
  hear(heard: Heard | null, atOnce: boolean): void {
    const wall = heard !== null && heard.muffled > 0;
    this.#set(this.#filter.frequency, wall ? WALL_HZ : FREE_HZ, atOnce);
    this.#set(this.#loss.gain, wall ? WALL_GAIN : 1, atOnce);
    if (!this.#panner) return;
    const { x, z } = placeOf(heard);
    this.#set(this.#panner.positionX, x, atOnce);
    this.#set(this.#panner.positionZ, z, atOnce);
  }

  close(): void {
    this.#filter.disconnect();
    this.#loss.disconnect();
    this.#panner?.disconnect();
  }

  #set(parameter: AudioParam, value: number, atOnce: boolean): void {
    const now = this.#context.currentTime;
    if (atOnce) {
      parameter.cancelScheduledValues(0);
      parameter.value = value;
    } else if (Math.abs(parameter.value - value) > 1e-3) parameter.setTargetAtTime(value, now, CHANGE_SECONDS);
  }
}
