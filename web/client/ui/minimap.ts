/**
 * The whole map in a corner: the map itself made small, its private rooms tinted, people as dots; a click walks there.
 * Drawn only when somebody has moved by a dot's width.
 */
import type { Point } from "../game/collision.ts";
import type { Ground } from "../game/ground.ts";
import type { People } from "../game/people.ts";
import type { Play } from "../game/play.ts";
import type { ZoneInfo } from "../net/messages.ts";
import type { Voices } from "./voices.ts";

const LARGEST = { width: 168, height: 120 };
/** ms between two pictures. */
const PACE_MS = 150;

export interface Dot {
  x: number;
  y: number;
  me: boolean;
  speaking: boolean;
}

/** Everybody whom I see, and me. */
export function* dotsOf(play: Play, people: People, voices: Pick<Voices, "speaking">, now: number): Generator<Dot> {
  for (const { user_id, trail } of people.others.values()) {
    const { x, y } = trail.at(now);
    yield { x, y, me: false, speaking: voices.speaking(user_id) };
  }
  const { walker } = play;
  if (walker) yield { x: walker.x, y: walker.y, me: true, speaking: voices.speaking(people.me?.user_id ?? "") };
}

export class Minimap {
  readonly #canvas: HTMLCanvasElement;
  #floor: HTMLCanvasElement | null = null;
  #scale = 1;
  #drawnAt = 0;
  #shown = "";

  constructor(canvas: HTMLCanvasElement, walk: (to: Point) => void) {
    this.#canvas = canvas;
    canvas.addEventListener("click", (event) => {
      const { left, top } = canvas.getBoundingClientRect();
      walk({ x: (event.clientX - left) / this.#scale, y: (event.clientY - top) / this.#scale });
    });
  }

  /** Another map, or other zones. */
  setMap({ map, below, above }: Ground, zones: Iterable<ZoneInfo>): void {
    const [width, height] = [map.width * map.tilewidth, map.height * map.tileheight];
    this.#scale = Math.min(LARGEST.width / width, LARGEST.height / height);
    const ratio = Math.min(window.devicePixelRatio || 1, 3);
    const floor = document.createElement("canvas");
    floor.width = Math.round(width * this.#scale * ratio);
    floor.height = Math.round(height * this.#scale * ratio);
    this.#canvas.width = floor.width;
    this.#canvas.height = floor.height;
    this.#canvas.style.width = `${floor.width / ratio}px`;
    this.#canvas.style.height = `${floor.height / ratio}px`;
    const brush = floor.getContext("2d");
    if (!brush) return;
    brush.scale(this.#scale * ratio, this.#scale * ratio);
    brush.imageSmoothingQuality = "high";
    for (const { x, y, canvas } of [...below, ...above]) brush.drawImage(canvas, x, y);
    for (const { type, bounds } of zones) {
      if (type !== "PRIVATE") continue;
      brush.fillStyle = "rgb(106 72 196 / 34%)";
      brush.fillRect(bounds.x, bounds.y, bounds.width, bounds.height);
      brush.strokeStyle = "rgb(238 228 255 / 85%)";
      brush.lineWidth = 1 / this.#scale;
      brush.strokeRect(bounds.x, bounds.y, bounds.width, bounds.height);
    }
    this.#floor = floor;
    this.#shown = "";
  }

  /** True when it wants to be asked again soon. */
  draw(now: number, dots: Iterable<Dot>): boolean {
    const brush = this.#canvas.getContext("2d");
    if (!brush || !this.#floor || this.#canvas.offsetParent === null) return false;
    if (now - this.#drawnAt < PACE_MS) return true;
    const list = [...dots].sort((a, b) => Number(a.me) - Number(b.me));
    const shown = list
      .map(({ x, y, me, speaking }) => `${Math.round(x * this.#scale)},${Math.round(y * this.#scale)},${me},${speaking}`)
      .join(";");
    if (shown === this.#shown) return false;
    this.#shown = shown;
    this.#drawnAt = now;
    const ratio = this.#canvas.width / this.#canvas.clientWidth || 1;
    brush.setTransform(1, 0, 0, 1, 0, 0);
    brush.drawImage(this.#floor, 0, 0);
    brush.scale(ratio, ratio);
    for (const { x, y, me, speaking } of list) {
      brush.beginPath();
      brush.arc(x * this.#scale, y * this.#scale, me ? 4 : 3, 0, Math.PI * 2);
      brush.fillStyle = me ? "#e9a23b" : speaking ? "#1d9d6c" : "#0d6b64";
      brush.fill();
      brush.lineWidth = 1.5;
      brush.strokeStyle = "#fffdf8";
      brush.stroke();
    }
    return false;
  }
}
