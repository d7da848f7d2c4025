/**
 * What you hear: one WebAudio chain per audio slot (stream → gain → air → everybody → speaker). The air (walls and
 * direction) is there only where a scene is set: in a meeting there is none.
 *
 * A slot's gain is how loud its person is where they stand (0..1) times the volume that I gave them
 * (0..2). Deafened, `everybody` is an exact 0: whoever is in a slot then is not heard.
 * A slot without a person is disconnected, so it costs nothing and can leak nothing. A gain of 0 is
 * silence, not a whisper: fades to 0 end on an exact 0. Who is in a slot is told from outside.
 */
import { Air } from "./air.ts";
import type { Heard } from "./contract.ts";
import type { AtEar } from "./measured.ts";
import type { Occupant } from "./slots.ts";
import { LOUDEST } from "./volumes.ts";

const GAIN_INTERVAL_MS = 50; // 20 Hz
/** Time constant of the fade while people walk: smooth to the ear, done within one world tick. */
const FADE_SECONDS = 0.04;
const FFT_SIZE = 4096;

interface Channel {
  readonly gain: GainNode;
  source: MediaStreamAudioSourceNode | null;
  element: HTMLAudioElement | null;
  occupant: Occupant | null;
  target: number;
  analyser: AnalyserNode | null;
  air: Air | null;
}

export class AudioGraph {
  readonly #context = new AudioContext({ latencyHint: "interactive" });
  readonly #everybody: GainNode;
  readonly #channels = new Map<number, Channel>();
  readonly #onSuspended: () => void;
  readonly #gestures = new AbortController();
  #gainOf: ((userId: string) => number) | null = null;
  #volumeOf: (userId: string) => number = () => 1;
  #scene: ((userId: string) => Heard | null) | null = null;
  #direction = false;
  #timer: ReturnType<typeof setInterval> | null = null;

  /** `onSuspended` is called when the browser wants a click before it plays anything. */
  constructor(onSuspended: () => void) {
    this.#onSuspended = onSuspended;
    this.#everybody = this.#context.createGain();
    this.#everybody.connect(this.#context.destination);
    for (const gesture of ["pointerdown", "keydown", "touchend"]) {
      addEventListener(gesture, () => void this.#wake(), {
        capture: true,
        signal: this.#gestures.signal,
      });
    }
  }

  get context(): AudioContext {
    return this.#context;
  }

  /** Puts a track into a slot; the earlier one of that slot is let go. */
  attach(slot: number, track: MediaStreamTrack): void {
    const channel = this.#channel(slot);
    this.#release(channel);
    const stream = new MediaStream([track]);
    // Chromium plays a remote stream through WebAudio only while a media element also has it.
    const element = new Audio();
    element.muted = true;
    element.srcObject = stream;
    void element.play().catch(() => undefined); // muted: only fails when the page is going away
    channel.element = element;
    channel.source = this.#context.createMediaStreamSource(stream);
    if (channel.occupant) channel.source.connect(channel.gain);
  }

  /** Says who is in a slot. Another person starts at their own gain, before any of their sound flows. */
  occupy(slot: number, occupant: Occupant | null, changedPerson: boolean): void {
    const channel = this.#channel(slot);
    channel.occupant = occupant;
    if (changedPerson || !occupant) {
      channel.source?.disconnect();
      const start = occupant ? this.#wanted(occupant) : 0;
      channel.gain.gain.cancelScheduledValues(0);
      channel.gain.gain.value = start;
      channel.target = start;
      this.#listen(channel, true);
      if (occupant) channel.source?.connect(channel.gain);
    } else {
      this.#fade(channel);
    }
    this.#runTimer();
    if (occupant && this.#context.state === "suspended") void this.#wake();
  }

  setGain(gainOf: (userId: string) => number): void {
    this.#gainOf = gainOf;
  }

  /** Asked as often as the gain; 0..2. */
  setVolume(volumeOf: (userId: string) => number): void {
    this.#volumeOf = volumeOf;
  }

  /** Asked as often as the gain; null: no air between anybody and me. */
  setScene(scene: ((userId: string) => Heard | null) | null): void {
    this.#scene = scene;
    for (const channel of this.#channels.values()) this.#breathe(channel);
  }

  /** Voices come from where people stand. */
  setDirection(on: boolean): void {
    this.#direction = on;
    for (const channel of this.#channels.values()) channel.air?.setDirection(on);
  }

  /** Hears nobody, at once; or everybody again. */
  setDeafened(deafened: boolean): void {
    this.#everybody.gain.cancelScheduledValues(0);
    this.#everybody.gain.value = deafened ? 0 : 1;
  }

  /** Sends everything to this speaker ("" is the system's); rejects where the browser cannot. */
  async setSpeaker(id: string): Promise<void> {
    const context = this.#context as AudioContext & { setSinkId?: (id: string) => Promise<void> };
    if (!context.setSinkId) throw new DOMException("no choice of speakers", "NotSupportedError");
    await context.setSinkId(id === "default" ? "" : id);
  }

  /** Where slot `slot` can be listened to; null for an unknown slot. */
  tap(slot: number): AudioNode | null {
    return this.#channels.get(slot)?.gain ?? null;
  }

  /** What slot `slot` sounds like now, for tests and the connection picture; null for an unknown slot. */
  heard(slot: number): AtEar | null {
    const channel = this.#channels.get(slot);
    if (!channel) return null;
    if (!channel.analyser) {
      channel.analyser = this.#context.createAnalyser();
      channel.analyser.fftSize = FFT_SIZE;
      channel.gain.connect(channel.analyser);
    }
    return { gain: channel.gain.gain.value, ...measure(channel.analyser, this.#context.sampleRate) };
  }

  /** Lets all tracks go; who is in which slot stays known. */
  detachAll(): void {
    for (const channel of this.#channels.values()) this.#release(channel);
  }

  close(): void {
    this.#gestures.abort();
    if (this.#timer !== null) clearInterval(this.#timer);
    this.detachAll();
    this.#channels.clear();
    void this.#context.close();
  }

  #channel(slot: number): Channel {
    let channel = this.#channels.get(slot);
    if (!channel) {
      const gain = this.#context.createGain();
      gain.gain.value = 0;
      channel = { gain, source: null, element: null, occupant: null, target: 0, analyser: null, air: null };
      this.#breathe(channel);
      this.#channels.set(slot, channel);
    }
    return channel;
  }

  /** Puts air between a channel and everybody, or takes it away. */
  #breathe(channel: Channel): void {
    channel.gain.disconnect();
    if (channel.analyser) channel.gain.connect(channel.analyser);
    channel.air?.close();
    channel.air = null;
    if (!this.#scene) {
      channel.gain.connect(this.#everybody);
      return;
    }
    channel.air = new Air(this.#context, this.#everybody);
    channel.air.setDirection(this.#direction);
    channel.gain.connect(channel.air.input);
    this.#listen(channel, true);
  }

  #listen(channel: Channel, atOnce: boolean): void {
    if (channel.occupant) channel.air?.hear(this.#scene?.(channel.occupant.userId) ?? null, atOnce);
  }

  #release(channel: Channel): void {
    channel.source?.disconnect();
    channel.source = null;
    if (channel.element) channel.element.srcObject = null;
    channel.element = null;
  }

  #wanted(occupant: Occupant): number {
    const gain = this.#gainOf ? this.#gainOf(occupant.userId) : occupant.gain;
    return clamp(gain, 1) * clamp(this.#volumeOf(occupant.userId), LOUDEST);
  }

  #fade(channel: Channel): void {
    if (!channel.occupant) return;
    const target = this.#wanted(channel.occupant);
    if (target === channel.target) return;
    channel.target = target;
    const { gain } = channel.gain;
    const now = this.#context.currentTime;
    gain.cancelScheduledValues(now);
    gain.setTargetAtTime(target, now, FADE_SECONDS);
    // An exponential fade never arrives; after six time constants (0.25 %) it is set there.
    gain.setValueAtTime(target, now + 6 * FADE_SECONDS);
  }

  #runTimer(): void {
    const anybody = [...this.#channels.values()].some((channel) => channel.occupant);
    if (anybody && this.#timer === null) {
      this.#timer = setInterval(() => {
        for (const channel of this.#channels.values()) {
          this.#fade(channel);
          this.#listen(channel, false);
        }
      }, GAIN_INTERVAL_MS);
    } else if (!anybody && this.#timer !== null) {
      clearInterval(this.#timer);
      this.#timer = null;
    }
  }

  async #wake(): Promise<void> {
    if (this.#context.state !== "suspended") return;
    const timeout = new Promise<void>((resolve) => setTimeout(resolve, 300));
    await Promise.race([this.#context.resume().catch(() => undefined), timeout]);
    if ((this.#context.state as AudioContextState) === "suspended") this.#onSuspended();
  }
}

/** 0..most; what is no number is silence. */
function clamp(value: number, most: number): number {
  return Number.isFinite(value) ? Math.min(Math.max(value, 0), most) : 0;
}

function measure(analyser: AnalyserNode, sampleRate: number): { rms: number; peakHz: number | null } {
  const samples = new Float32Array(analyser.fftSize);
  analyser.getFloatTimeDomainData(samples);
  const rms = Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
  if (rms === 0) return { rms, peakHz: null };
  const bins = new Float32Array(analyser.frequencyBinCount);
  analyser.getFloatFrequencyData(bins);
  let peak = 0;
  bins.forEach((level, bin) => {
    if (level > (bins[peak] ?? -Infinity)) peak = bin;
  });
  return { rms, peakHz: (peak * sampleRate) / analyser.fftSize };
}
