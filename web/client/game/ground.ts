/**
 * Paints the map's layers into few large pictures once, so that a frame draws a handful of quads however
 * many tiles there are, and no neighbouring tile ever bleeds in at odd zooms.
 */
import { t } from "../i18n/words.ts";
import { within } from "../shared/within.ts";
import {
  FLIP_DIAGONAL,
  FLIP_X,
  FLIP_Y,
  type TiledLayer,
  type TiledMap,
  imagesOf,
  pictureOf,
  stacks,
} from "./tiled.ts";

/** Side of one picture in map px: every GPU takes this. */
const BELOW = 1024;
/** What is above people is little and far between: small pictures, and none where there is nothing. */
const ABOVE = 256;
/** What we are ready to paint: beyond, memory would be the problem. */
const MAX_PIXELS = 64 * 1024 * 1024;

export interface Chunk {
  x: number;
  y: number;
  canvas: HTMLCanvasElement;
}

export interface Ground {
  map: TiledMap;
  below: Chunk[];
  above: Chunk[];
}

/** What has not come by then (ms) is taken for lost. */
const LOAD_MS = 45_000;

/** Loads the map at `url` with its pictures and paints it. Rejects with a sentence for the person. */
export async function loadGround(url: string): Promise<Ground> {
  const map = await loadMap(url);
  if (map.width * map.tilewidth * map.height * map.tileheight > MAX_PIXELS) {
    throw new Error(t("world.map_too_large"));
  }
  const base = new URL(url, location.href);
  const images = new Map<string, HTMLImageElement>();
  await Promise.all(
    [...imagesOf(map)].map(async (name) => images.set(name, await loadImage(new URL(name, base).href))),
  );
  const { below, above } = stacks(map);
  return { map, below: paint(map, below, images, BELOW), above: paint(map, above, images, ABOVE) };
}

async function loadMap(url: string): Promise<TiledMap> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(LOAD_MS) });
    if (answer.ok) return (await answer.json()) as TiledMap;
  } catch {
    // The same sentence for a line that is cut, an answer that never ends, and one that is no map.
  }
  throw new Error(t("world.map_not_loaded"));
}

async function loadImage(url: string): Promise<HTMLImageElement> {
  const image = new Image();
  image.src = url;
  try {
    await within(LOAD_MS, image.decode());
  } catch {
    throw new Error(t("world.map_picture_missing", { picture: new URL(url).pathname }));
  }
  return image;
}

function paint(map: TiledMap, layers: TiledLayer[], images: Map<string, HTMLImageElement>, side: number): Chunk[] {
  const width = map.width * map.tilewidth;
  const height = map.height * map.tileheight;
  const chunks: Chunk[] = [];
  for (let y = 0; y < height; y += side) {
    for (let x = 0; x < width; x += side) {
      const canvas = document.createElement("canvas");
      canvas.width = Math.min(side, width - x);
      canvas.height = Math.min(side, height - y);
      const brush = canvas.getContext("2d");
      if (!brush) continue;
      brush.imageSmoothingEnabled = false;
      let painted = false;
      for (const layer of layers) {
        brush.globalAlpha = layer.opacity;
        brush.setTransform(1, 0, 0, 1, (layer.offsetx ?? 0) - x, (layer.offsety ?? 0) - y);
        painted = paintLayer(brush, map, layer, images, { x, y, side }) || painted;
      }
      if (painted) chunks.push({ x, y, canvas });
    }
  }
  return chunks;
}

/** True when something was painted. */
function paintLayer(
  brush: CanvasRenderingContext2D,
  map: TiledMap,
  layer: TiledLayer,
  images: Map<string, HTMLImageElement>,
  at: { x: number; y: number; side: number },
): boolean {
  if (layer.type === "imagelayer") {
    const image = images.get(layer.image);
    if (image) brush.drawImage(image, layer.x ?? 0, layer.y ?? 0);
    return image !== undefined;
  }
  let painted = false;
  if (layer.type === "objectgroup") {
    for (const { gid, x, y, width, height, rotation, visible } of layer.objects) {
      if (gid === undefined || !visible) continue;
      // Tile objects stand on their lower left corner and turn about it.
      brush.save();
      brush.translate(x, y);
      if (rotation) brush.rotate((rotation * Math.PI) / 180);
      painted = paintTile(brush, map, gid, images, 0, -height, width, height) || painted;
      brush.restore();
    }
    return painted;
  }
  const left = Math.max(0, Math.floor((at.x - (layer.offsetx ?? 0)) / map.tilewidth) - 4);
  const top = Math.max(0, Math.floor((at.y - (layer.offsety ?? 0)) / map.tileheight) - 1);
  const right = Math.min(map.width, left + at.side / map.tilewidth + 8);
  const bottom = Math.min(map.height, top + at.side / map.tileheight + 8);
  for (let row = top; row < bottom; row++) {
    for (let column = left; column < right; column++) {
      const gid = layer.data[row * map.width + column] ?? 0;
      if (gid === 0) continue;
      const picture = pictureOf(map, gid);
      if (!picture) continue;
      // Tiles larger than the grid stand on the lower edge of their cell.
      const x = column * map.tilewidth;
      const y = (row + 1) * map.tileheight - picture.height;
      painted = paintTile(brush, map, gid, images, x, y, picture.width, picture.height) || painted;
    }
  }
  return painted;
}

function paintTile(
  brush: CanvasRenderingContext2D,
  map: TiledMap,
  gid: number,
  images: Map<string, HTMLImageElement>,
  x: number,
  y: number,
  width: number,
  height: number,
): boolean {
  const picture = pictureOf(map, gid);
  const image = picture ? images.get(picture.image) : undefined;
  if (!picture || !image) return false;
  brush.save();
  brush.translate(x + width / 2, y + height / 2);
  // Tiled flips along the diagonal first, then across and down.
  brush.scale(gid & FLIP_X ? -1 : 1, gid & FLIP_Y ? -1 : 1);
  if (gid & FLIP_DIAGONAL) brush.transform(0, 1, 1, 0, 0, 0);
  brush.drawImage(image, picture.x, picture.y, picture.width, picture.height, -width / 2, -height / 2, width, height);
  brush.restore();
  return true;
}
