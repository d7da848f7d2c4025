/**
 * The pictures of avatars, ready-made or put together: loads the layers once, when somebody wears such a look.
 */
import { readLook } from "./look_code.ts";
import { type LayerManifest, type Pixels, paintLook } from "./look_painter.ts";

const FOLDER = "/maps/avatars/";
/** So many painted sheets are kept (120 kB each); the oldest go first. */
const MOST_KEPT = 200;

export interface Layers {
  manifest: LayerManifest;
  atlas: Pixels;
}

let layers: Promise<Layers> | null = null;
const sheets = new Map<string, Promise<HTMLCanvasElement | HTMLImageElement>>();

export function loadPicture(url: string): Promise<HTMLImageElement> {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.addEventListener("load", () => resolve(image));
    image.addEventListener("error", () => reject(new Error(`${url} cannot be loaded`)));
    image.src = url;
  });
}

/** The layers and what is known of them. Rejects where they cannot be loaded; asks again next time. */
export function loadLayers(): Promise<Layers> {
  layers ??= Promise.all([
    fetch(`/maps/looks/layers.json`).then((answer) => answer.json() as Promise<LayerManifest>),
    loadPicture(`/maps/looks/layers.png`),
  ]).then(([manifest, image]) => {
    const canvas = new OffscreenCanvas(image.width, image.height);
    const brush = canvas.getContext("2d", { willReadFrequently: true });
    if (!brush) throw new Error("no canvas to read the layers with");
    brush.drawImage(image, 0, 0);
    return { manifest, atlas: brush.getImageData(0, 0, image.width, image.height) };
  });
  layers.catch(() => {
    layers = null;
  });
  return layers;
}

/** The sheet of an avatar: 5 × 4 frames of 32 × 48. Rejects where there is no such avatar. */
export function sheetOf(avatar: string): Promise<HTMLCanvasElement | HTMLImageElement> {
  const known = sheets.get(avatar);
  if (known) return known;
  const look = readLook(avatar);
  const sheet = look
    ? loadLayers().then(({ manifest, atlas }) => {
        const painted = paintLook(atlas, manifest, look);
        if (!painted) throw new Error(`there is no look ${avatar}`);
        return canvasOf(painted);
      })
    : loadPicture(`${FOLDER}${encodeURIComponent(avatar)}.png`);
  sheets.set(avatar, sheet);
  sheet.catch(() => sheets.delete(avatar));
  if (sheets.size > MOST_KEPT) sheets.delete(sheets.keys().next().value ?? "");
  return sheet;
}

/** Paints all sheets anew from now on: canvases lose what is on them together with the graphics card. */
export function forgetSheets(): void {
  sheets.clear();
}

export function canvasOf({ width, height, data }: Pixels): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d")?.putImageData(new ImageData(new Uint8ClampedArray(data), width, height), 0, 0);
  return canvas;
}
