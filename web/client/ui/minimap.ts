/**
 * The whole map in a corner: rooms, walls and people as dots; a click walks there. Drawn only when
 * somebody has moved by a dot's width.
 */
import type { CollisionGrid, Point } from "../game/collision.ts";
import type { ZoneInfo } from "../net/messages.ts";

const LARGEST = { width: 168, height: 120 };
/** ms between two pictures. */
const PACE_MS = 150;

export interface Dot {
  x: number;
  y: number;
  me: boolean;
  speaking: boolean;
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
  setMap(grid: CollisionGrid, zones: Iterable<ZoneInfo>): void {
    const { width, height, columns, rows, tile } = grid;
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
    brush.fillStyle = "#efe2cb";
    brush.fillRect(0, 0, width, height);
    for (const { type, bounds } of zones) {
      brush.fillStyle = type === "PRIVATE" ? "#b9a4cf" : "#f8ecd4";
      brush.fillRect(bounds.x, bounds.y, bounds.width, bounds.height);
    }
    brush.fillStyle = "rgb(61 47 87 / 62%)";
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        if (grid.blocks(column, row)) brush.fillRect(column * tile, row * tile, tile + 0.5, tile + 0.5);
      }
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
