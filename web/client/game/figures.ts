/**
 * The avatars' sheets: which pictures there are, and a plain figure for an avatar that has none.
 *
 * A sheet is frames in rows: one row a direction, one column a phase of the walk.
 */
import type { Direction } from "../net/messages.ts";
import { readLook } from "../shared/look_code.ts";
import { sheetOf } from "../shared/looks.ts";
import { within } from "../shared/within.ts";

export interface Sheet {
  /** The same for the same pictures. */
  key: string;
  image: HTMLImageElement | HTMLCanvasElement;
  frameWidth: number;
  frameHeight: number;
  /** Where in a frame the centre of the feet is, px. */
  feetX: number;
  feetY: number;
  rows: Record<Direction, number>;
  columns: number;
  /** The column of one who stands, and those of one who walks, in order. */
  stand: number;
  walk: number[];
  /** ms that one phase of the walk lasts. */
  stepMs: number;
}

/** The frame (its number in the sheet) of somebody looking in `direction`; `walked` in ms. */
export function frameOf(sheet: Sheet, direction: Direction, moving: boolean, walked: number): number {
  const phase = sheet.walk[Math.floor(walked / sheet.stepMs) % sheet.walk.length];
  return sheet.rows[direction] * sheet.columns + (moving ? (phase ?? sheet.stand) : sheet.stand);
}

/** Somebody whose sheet has not come by then (ms) is seen in a plain one. */
const SHEET_MS = 20_000;

/** A number that stays the same for the same text. */
export function hash(text: string): number {
  let h = 2166136261;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619);
  return h >>> 0;
}

const WIDTH = 32;
const HEIGHT = 48;

/** A small person in a coat whose colour follows from `seed`. */
export function plainSheet(seed: string): Sheet {
  const canvas = document.createElement("canvas");
  canvas.width = WIDTH * 3;
  canvas.height = HEIGHT * 4;
  const brush = canvas.getContext("2d");
  const rows: Record<Direction, number> = { down: 0, left: 1, right: 2, up: 3 };
  const h = hash(seed);
  const coat = (h % 24) * 15;
  const skin = ["#f6cba0", "#e5b088", "#c48a66", "#9c6854"][(h >>> 8) % 4] as string;
  const hair = ["#3a2d33", "#6b4a36", "#b17b52", "#4b3c5c", "#d8b46a"][(h >>> 12) % 5] as string;
  if (brush) {
    for (const [direction, row] of Object.entries(rows)) {
      for (let phase = 0; phase < 3; phase++) {
        brush.setTransform(1, 0, 0, 1, phase * WIDTH, row * HEIGHT);
        paintPerson(brush, direction as Direction, phase, coat, skin, hair);
      }
    }
  }
  return {
    key: `figure:plain:${seed}`,
    image: canvas,
    frameWidth: WIDTH,
    frameHeight: HEIGHT,
    feetX: 16,
    feetY: 43,
    rows,
    columns: 3,
    stand: 0,
    walk: [1, 0, 2, 0],
    stepMs: 130,
  };
}

function paintPerson(
  brush: CanvasRenderingContext2D,
  direction: Direction,
  phase: number,
  coat: number,
  skin: string,
  hair: string,
): void {
  const box = (colour: string, x: number, y: number, w: number, h: number): void => {
    brush.fillStyle = colour;
    brush.fillRect(x, y, w, h);
  };
  const bob = phase === 0 ? 0 : -1;
  const dark = `hsl(${coat} 38% 30%)`;
  const main = `hsl(${coat} 42% 48%)`;
  const light = `hsl(${coat} 48% 60%)`;
  const trousers = "#3b3450";
  const lift = (leg: number): number => (phase === leg ? 3 : 0);
  const across = direction === "left" || direction === "right";
  box(trousers, across ? 12 : 11, 36, 4, 9 - lift(1));
  box(trousers, across ? 16 : 17, 36, 4, 9 - lift(2));
  box("#2e1f47", across ? 12 : 11, 44 - lift(1), 4, 2);
  box("#2e1f47", across ? 16 : 17, 44 - lift(2), 4, 2);
  box(dark, 9, 23 + bob, 14, 15);
  box(main, 10, 23 + bob, 12, 14);
  box(light, direction === "right" ? 17 : 11, 24 + bob, 3, 11);
  if (!across) {
    box(main, 7, 25 + bob, 3, 10);
    box(main, 22, 25 + bob, 3, 10);
    box(skin, 7, 34 + bob, 3, 3);
    box(skin, 22, 34 + bob, 3, 3);
  } else {
    box(dark, 14, 26 + bob, 4, 9);
    box(skin, 14, 34 + bob, 4, 3);
  }
  box(hair, 8, 6 + bob, 16, 12);
  box(hair, 10, 4 + bob, 12, 3);
  if (direction === "up") {
    box(hair, 9, 10 + bob, 14, 12);
    return;
  }
  const face = direction === "left" ? 8 : direction === "right" ? 12 : 10;
  box(skin, face, 11 + bob, 12, 11);
  box(hair, face, 10 + bob, 12, 3);
  box("#2b2138", face + (direction === "left" ? 2 : 3), 15 + bob, 2, 3);
  if (direction === "down") box("#2b2138", face + 7, 15 + bob, 2, 3);
  if (direction === "right") box("#2b2138", face + 8, 15 + bob, 2, 3);
}

/** What the server says of its sheets. */
interface Manifest {
  frame: { width: number; height: number };
  feet: { x: number; y: number };
  directions: Direction[];
  columns: number;
  idle: number[];
  walk: number[];
  walk_frames_per_second: number;
  looks: { name: string; image: string }[];
}

/** The sheets that the server has, loaded when somebody wears them. */
export class Wardrobe {
  readonly #url: string;
  #manifest: Promise<Manifest | null> | null = null;
  readonly #sheets = new Map<string, Promise<Sheet>>();

  constructor(url = "/maps/avatars/avatars.json") {
    this.#url = url;
  }

  /** Never rejects: who has no sheet gets a plain figure, the same one each time. */
  sheet(avatar: string, userId: string): Promise<Sheet> {
    this.#manifest ??= this.#load();
    const key = `${avatar}/${userId}`;
    const known = this.#sheets.get(key);
    if (known) return known;
    const found = this.#manifest.then((manifest) => this.#find(manifest, avatar, userId));
    const sheet = within(SHEET_MS, found).catch(() => plainSheet(userId));
    this.#sheets.set(key, sheet);
    return sheet;
  }

  async #load(): Promise<Manifest | null> {
    try {
      const answer = await fetch(this.#url);
      return answer.ok ? ((await answer.json()) as Manifest) : null;
    } catch {
      return null;
    }
  }

  async #find(manifest: Manifest | null, avatar: string, userId: string): Promise<Sheet> {
    // Somebody whose avatar we do not have wears the one that their id picks.
    const looks = manifest?.looks ?? [];
    const worn = readLook(avatar) ? avatar : (looks.find(({ name }) => name === avatar) ?? looks[hash(userId) % looks.length])?.name;
    if (!manifest || worn === undefined) return plainSheet(userId);
    return {
      key: `figure:${worn}`,
      image: await sheetOf(worn),
      frameWidth: manifest.frame.width,
      frameHeight: manifest.frame.height,
      feetX: manifest.feet.x,
      feetY: manifest.feet.y,
      rows: Object.fromEntries(manifest.directions.map((d, i) => [d, i])) as Record<Direction, number>,
      columns: manifest.columns,
      stand: manifest.idle[0] ?? 0,
      walk: manifest.walk,
      stepMs: 1000 / manifest.walk_frames_per_second,
    };
  }
}
