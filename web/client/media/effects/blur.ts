/**
 * Blurs what is behind a person. MediaPipe's selfie segmentation says which pixels are theirs; the picture is put
 * together on a canvas, whose stream is what is sent. Loaded when it is wanted first; everything of it is files of
 * ours. Nothing is sent before the first blurred picture is there.
 */
import { within } from "../../shared/within.ts";
import { FOLDER } from "./folder.ts";
import { wrapped } from "./wrap.ts";

const FRAMES_PER_SECOND = 20;
/** The background is drawn this much smaller, twice, and back: every browser can, and it is cheap. */
const SHRINK = 5;
const LOAD_MS = 20_000;
/** A picture that has not been looked at by then (ms) never will be: its graphics card is gone. */
const LOOK_MS = 15_000;

interface Results {
  segmentationMask: CanvasImageSource;
  image: CanvasImageSource;
}

interface Segmenter {
  setOptions(options: { modelSelection: 0 | 1 }): void;
  onResults(listener: (results: Results) => void): void;
  initialize(): Promise<void>;
  send(inputs: { image: HTMLVideoElement }): Promise<void>;
}

type Maker = new (options: { locateFile: (file: string) => string }) => Segmenter;

let loaded: Promise<Segmenter> | null = null;

/** The camera with its background blurred. Rejects where the browser cannot; then nothing was sent. */
export async function withBlur(device: MediaStreamTrack): Promise<MediaStreamTrack> {
  const segmenter = await within(LOAD_MS, (loaded ??= load().catch((error: unknown) => {
    loaded = null;
    throw error;
  })));
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  video.srcObject = new MediaStream([device]);
  await within(LOAD_MS, video.play());
  const painter = new Painter(video.videoWidth, video.videoHeight);
  let over = false;
  let ready: (() => void) | null = null;
  const first = new Promise<void>((resolve) => (ready = resolve));
  const look = async (): Promise<void> => {
    while (!over) {
      const started = performance.now();
      try {
        await turn(segmenter, video, (results) => {
          if (over) return;
          painter.paint(results);
          ready?.();
        });
      } catch {
        painter.hide(); // rather no picture than one that shows too much
      }
      const rest = 1000 / FRAMES_PER_SECOND - (performance.now() - started);
      await new Promise((done) => setTimeout(done, Math.max(rest, 5)));
    }
    video.srcObject = null;
  };
  void look();
  try {
    await within(LOAD_MS, first);
    const [made] = painter.canvas.captureStream(FRAMES_PER_SECOND).getVideoTracks();
    if (!made) throw new Error("no track came out");
    made.contentHint = "motion";
    return wrapped(device, made, () => {
      over = true;
    });
  } catch (error) {
    over = true;
    throw error;
  }
}

/** One segmenter serves all cameras: one picture after the other. */
let turns: Promise<void> = Promise.resolve();

function turn(segmenter: Segmenter, video: HTMLVideoElement, done: (results: Results) => void): Promise<void> {
  const next = turns.then(async () => {
    segmenter.onResults(done);
    try {
      await within(LOOK_MS, segmenter.send({ image: video }));
    } catch (error) {
      loaded = null; // the next camera gets another one
      throw error;
    }
  });
  turns = next.catch(() => undefined);
  return next;
}

async function load(): Promise<Segmenter> {
  const global = globalThis as { SelfieSegmentation?: Maker };
  if (!global.SelfieSegmentation) await script(`${FOLDER}/selfie_segmentation.js`);
  const make = global.SelfieSegmentation;
  if (!make) throw new Error("the segmentation did not load");
  const segmenter = new make({ locateFile: (file) => `${FOLDER}/${file}` });
  segmenter.setOptions({ modelSelection: 1 });
  await segmenter.initialize();
  return segmenter;
}

function script(address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const element = document.createElement("script");
    element.src = address;
    element.addEventListener("load", () => resolve());
    element.addEventListener("error", () => reject(new Error(`${address} did not load`)));
    document.head.append(element);
  });
}

class Painter {
  readonly canvas = document.createElement("canvas");
  readonly #small = document.createElement("canvas");
  readonly #smaller = document.createElement("canvas");
  readonly #context: CanvasRenderingContext2D;

  constructor(width: number, height: number) {
    this.canvas.width = width || 640;
    this.canvas.height = height || 360;
    const shrink = (canvas: HTMLCanvasElement, by: number): void => {
      canvas.width = Math.max(1, Math.round(this.canvas.width / by));
      canvas.height = Math.max(1, Math.round(this.canvas.height / by));
    };
    shrink(this.#small, SHRINK);
    shrink(this.#smaller, SHRINK * SHRINK);
    this.#context = drawing(this.canvas);
  }

  paint({ segmentationMask, image }: Results): void {
    const { width, height } = this.canvas;
    const context = this.#context;
    context.globalCompositeOperation = "copy";
    context.drawImage(segmentationMask, 0, 0, width, height);
    context.globalCompositeOperation = "source-in";
    context.drawImage(image, 0, 0, width, height);
    context.globalCompositeOperation = "destination-over";
    context.drawImage(this.#blurred(image), 0, 0, width, height);
  }

  hide(): void {
    this.#context.globalCompositeOperation = "copy";
    this.#context.fillStyle = "#2b2138";
    this.#context.fillRect(0, 0, this.canvas.width, this.canvas.height);
  }

  #blurred(image: CanvasImageSource): HTMLCanvasElement {
    const steps: [HTMLCanvasElement, CanvasImageSource][] = [
      [this.#small, image],
      [this.#smaller, this.#small],
      [this.#small, this.#smaller],
    ];
    for (const [to, from] of steps) {
      const context = drawing(to);
      context.globalCompositeOperation = "copy";
      context.drawImage(from, 0, 0, to.width, to.height);
    }
    return this.#small;
  }
}

function drawing(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser draws nothing");
  context.imageSmoothingQuality = "high";
  return context;
}
