/**
 * Takes steady noise out of a microphone: RNNoise (J.-M. Valin, 2018) in an audio worklet, at 48 kHz as it was
 * trained. Loaded when it is wanted first; model and code are files of ours.
 */
import { loadRnnoise, RnnoiseWorkletNode } from "@sapphi-red/web-noise-suppressor";
import { within } from "../../shared/within.ts";
import { FOLDER } from "./folder.ts";
import { wrapped } from "./wrap.ts";

const RATE = 48_000;
/** A context that is not let play by then (ms), or a model that is not there, is given up. */
const LOAD_MS = 10_000;
let model: Promise<ArrayBuffer> | null = null;

/** The microphone without noise. Rejects where the browser cannot; then the track is as it was. */
export async function withoutNoise(device: MediaStreamTrack): Promise<MediaStreamTrack> {
  model ??= loadRnnoise({ url: `${FOLDER}/rnnoise.wasm`, simdUrl: `${FOLDER}/rnnoise_simd.wasm` });
  const context = new AudioContext({ sampleRate: RATE, latencyHint: "interactive" });
  try {
    const wasmBinary = await within(LOAD_MS, model);
    await within(LOAD_MS, context.audioWorklet.addModule(`${FOLDER}/rnnoise_worklet.js`));
    const node = new RnnoiseWorkletNode(context, { wasmBinary, maxChannels: 1 });
    const out = context.createMediaStreamDestination();
    out.channelCount = 1;
    context.createMediaStreamSource(new MediaStream([device])).connect(node).connect(out);
    await within(LOAD_MS, context.resume());
    const [made] = out.stream.getAudioTracks();
    if (!made) throw new Error("no track came out");
    return wrapped(device, made, () => {
      node.destroy();
      void context.close();
    });
  } catch (error) {
    model = null; // the next try may fetch it anew
    void context.close();
    throw error;
  }
}
