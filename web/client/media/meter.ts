/**
 * How loud a microphone is, for a level meter. It only listens: nothing is sent or played.
 */

const FLOOR_DB = -60;

/** Root mean square of a signal in -1..1 as a meter position 0..1 (-60 dBFS..0 dBFS). */
export function meterLevel(rms: number): number {
  if (!(rms > 0)) return 0;
  const db = 20 * Math.log10(rms);
  return Math.min(Math.max(1 - db / FLOOR_DB, 0), 1);
}

export class Meter {
  readonly #source: MediaStreamAudioSourceNode;
  readonly #analyser: AnalyserNode;
  readonly #samples: Float32Array<ArrayBuffer>;

  constructor(context: AudioContext, track: MediaStreamTrack) {
    this.#source = context.createMediaStreamSource(new MediaStream([track]));
    this.#analyser = context.createAnalyser();
    this.#analyser.fftSize = 1024;
    this.#samples = new Float32Array(this.#analyser.fftSize);
    this.#source.connect(this.#analyser);
  }

  /** 0 (silence) .. 1 (as loud as it gets), over the last 20 ms or so. */
  level(): number {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    const power = this.#samples.reduce((sum, sample) => sum + sample * sample, 0);
    return meterLevel(Math.sqrt(power / this.#samples.length));
  }

  close(): void {
    this.#source.disconnect();
  }
}
