/**
 * Listens to my microphone and to what comes back of it, and tells the delay between them (echo_delay.ts).
 */
import { type Delay, delayOf, evened, STEP_MS } from "./echo_delay.ts";

const KEPT_MS = 5000;

interface Ear {
  readonly analyser: AnalyserNode;
  readonly samples: Float32Array<ArrayBuffer>;
  readonly readings: { at: number; value: number }[];
  readonly disconnect: () => void;
}

export class EchoMeter {
  readonly #sent: Ear;
  readonly #heard: Ear;
  readonly #timer: ReturnType<typeof setInterval>;

  /** `heard` is where the own voice arrives. */
  constructor(context: AudioContext, mic: MediaStreamTrack, heard: AudioNode) {
    const source = context.createMediaStreamSource(new MediaStream([mic]));
    this.#sent = ear(context, source, () => source.disconnect());
    const back = this.#heard = ear(context, heard, () => heard.disconnect(back.analyser));
    this.#timer = setInterval(() => {
      const now = performance.now();
      for (const one of [this.#sent, this.#heard]) listen(one, now);
    }, STEP_MS);
  }

  /** Null until somebody has spoken for some seconds and it came back. */
  delay(): Delay | null {
    const until = Math.min(this.#sent.readings.at(-1)?.at ?? 0, this.#heard.readings.at(-1)?.at ?? 0);
    const begun = Math.max(this.#sent.readings[0]?.at ?? 0, this.#heard.readings[0]?.at ?? 0);
    const count = Math.floor((until - begun) / STEP_MS);
    if (count <= 0) return null;
    return delayOf(evened(this.#sent.readings, until, count), evened(this.#heard.readings, until, count));
  }

  close(): void {
    clearInterval(this.#timer);
    this.#sent.disconnect();
    this.#heard.disconnect();
  }
}

function ear(context: AudioContext, from: AudioNode, disconnect: () => void): Ear {
  const analyser = context.createAnalyser();
  analyser.fftSize = 512; // 11 ms at 48 kHz
  from.connect(analyser);
  return { analyser, samples: new Float32Array(analyser.fftSize), readings: [], disconnect };
}

function listen({ analyser, samples, readings }: Ear, now: number): void {
  analyser.getFloatTimeDomainData(samples);
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  readings.push({ at: now, value: Math.sqrt(power) });
  while ((readings[0]?.at ?? now) < now - KEPT_MS) readings.shift();
}
