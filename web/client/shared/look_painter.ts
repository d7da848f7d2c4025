/**
 * Paints a look out of its layers: puts the chosen tones where the layers hold markers, lays the layers over each
 * other, then draws border and shadow. As `maps/art/avatars.py` does it; pixels in, pixels out. Pure.
 */
import type { Look } from "./look_code.ts";

/** looks/layers.json */
export interface LayerManifest {
  /** The layers from the top of the picture to its end. */
  layers: string[];
  ramps: string[];
  brow: number;
  marker: [number, number];
  below_hair: string[];
  skins: string[][];
  colours: { name: string; tones: string[] }[];
  styles: string[];
  tops: string[];
  extras: string[];
  looks: Record<string, string>;
}

/** RGBA, row by row. */
export interface Pixels {
  width: number;
  height: number;
  data: Uint8ClampedArray;
}

type Tone = readonly [number, number, number];

const FRAME = { width: 32, height: 48 };
export const SHEET = { columns: 5, rows: ["down", "left", "right", "up"] as const };
/** Layers have no row for the right: it is the left turned over. */
const LAYER_ROWS = { down: 0, left: 1, up: 2 };
const DUSK: Tone = [0x2e, 0x1f, 0x47];
const BORDER = 0.62;
const BROW_SHADE = 0.2;
const SHADOW = { x: 16, y: 43.5, outer: [10, 3.6, 46], inner: [7.5, 2.6, 83] } as const;

const tone = (hex: string): Tone => [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as unknown as Tone;
const shade = ([r, g, b]: Tone, part: number): Tone => [
  Math.round(r + (DUSK[0] - r) * part),
  Math.round(g + (DUSK[1] - g) * part),
  Math.round(b + (DUSK[2] - b) * part),
];

/** The whole sheet of a look (5 × 4 frames of 32 × 48); null for a part that there is not. */
export function paintLook(atlas: Pixels, manifest: LayerManifest, look: Look): Pixels | null {
  const { skins, colours, styles, tops, extras, layers, below_hair: below } = manifest;
  const skin = skins[look.skin];
  const [hair, cloth, legs, shoes] = [look.hair, look.cloth, look.legs, look.shoes].map((index) => colours[index]?.tones);
  const [style, top, extra] = [styles[look.style], tops[look.top], extras[look.extra]];
  if (!skin || !hair || !cloth || !legs || !shoes || style === undefined || top === undefined || extra === undefined) return null;
  const tones: Record<string, Tone[]> = { skin: skin.map(tone), hair: hair.map(tone), cloth: cloth.map(tone), legs: legs.map(tone), shoes: shoes.map(tone) };
  // Under dungarees one wears cream.
  const cream = colours.find(({ name }) => name === "cream")?.tones ?? cloth;
  tones["sleeve"] = top === "dungarees" ? cream.map(tone) : (tones["cloth"] ?? []);

  const under = below.includes(extra);
  const order = [`top:${top}`, under ? `extra:${extra}` : "", `style:${style}`, under ? "" : `extra:${extra}`];
  const height = LAYER_ROW_COUNT * FRAME.height;
  const body = { width: atlas.width, height, data: new Uint8ClampedArray(atlas.width * height * 4) };
  for (const name of order) {
    const at = layers.indexOf(name);
    if (at >= 0) lay(body, atlas, at * height, manifest, tones);
  }
  return finish(body);
}

const LAYER_ROW_COUNT = Object.keys(LAYER_ROWS).length;

function lay(body: Pixels, atlas: Pixels, from: number, manifest: LayerManifest, tones: Record<string, Tone[]>): void {
  const [red, blue] = manifest.marker;
  const offset = from * atlas.width * 4;
  for (let i = 0; i < body.data.length; i += 4) {
    const [r = 0, g = 0, b = 0, a = 0] = atlas.data.subarray(offset + i, offset + i + 4);
    if (a === 0) continue;
    let colour: Tone = [r, g, b];
    if (r === red && b === blue) {
      const ramp = tones[manifest.ramps[g >> 4] ?? ""] ?? [];
      const level = g & 15;
      colour = (level === manifest.brow ? ramp[1] && shade(ramp[1], BROW_SHADE) : ramp[level]) ?? colour;
    }
    body.data.set([...colour, 255], i);
  }
}

/** Border, shadow, and the right as the left turned over. */
function finish(body: Pixels): Pixels {
  const width = FRAME.width * SHEET.columns;
  const out = { width, height: FRAME.height * SHEET.rows.length, data: new Uint8ClampedArray(width * FRAME.height * SHEET.rows.length * 4) };
  SHEET.rows.forEach((direction, row) => {
    const source = LAYER_ROWS[direction === "right" ? "left" : direction];
    for (let column = 0; column < SHEET.columns; column += 1) {
      const solid = (x: number, y: number): Tone | null => {
        if (x < 0 || y < 0 || x >= FRAME.width || y >= FRAME.height) return null;
        const i = ((source * FRAME.height + y) * body.width + column * FRAME.width + x) * 4;
        const [r = 0, g = 0, b = 0, a = 0] = body.data.subarray(i, i + 4);
        return a > 0 ? [r, g, b] : null;
      };
      for (let y = 0; y < FRAME.height; y += 1) {
        for (let x = 0; x < FRAME.width; x += 1) {
          const colour = solid(x, y) ?? border(solid, x, y);
          const shown = direction === "right" ? FRAME.width - 1 - x : x;
          const i = ((row * FRAME.height + y) * width + column * FRAME.width + shown) * 4;
          if (colour) out.data.set([...colour, 255], i);
          else out.data.set([...DUSK, shadowAt(x, y)], i);
        }
      }
    }
  });
  return out;
}

function border(solid: (x: number, y: number) => Tone | null, x: number, y: number): Tone | null {
  let darkest: Tone | null = null;
  for (const [dx, dy] of [[0, -1], [-1, 0], [1, 0], [0, 1]] as const) {
    const near = solid(x + dx, y + dy);
    if (near && (!darkest || near[0] + near[1] + near[2] < darkest[0] + darkest[1] + darkest[2])) darkest = near;
  }
  return darkest && shade(darkest, BORDER);
}

function shadowAt(x: number, y: number): number {
  const inside = ([rx, ry]: readonly [number, number, number]): boolean =>
    ((x + 0.5 - SHADOW.x) / rx) ** 2 + ((y + 0.5 - SHADOW.y) / ry) ** 2 <= 1;
  return inside(SHADOW.inner) ? SHADOW.inner[2] : inside(SHADOW.outer) ? SHADOW.outer[2] : 0;
}
