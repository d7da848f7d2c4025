/**
 * What stands between two people: whether the straight line between them goes through a wall. Pure.
 *
 * A wall is a tile that blocks and that the map draws on a layer `Walls`; without such a layer, every tile that
 * blocks. So voices go over desks and plants.
 */
import { blockedCells, type TiledMap } from "./tiled.ts";

const ID_MASK = 0x0fffffff;

export class WallGrid {
  readonly #columns: number;
  readonly #rows: number;
  readonly #tile: number;
  readonly #walls: Uint8Array;

  /** `walls`: columns * rows cells row by row, non-zero is a wall; `tile` in px. */
  constructor(columns: number, rows: number, tile: number, walls: Uint8Array) {
    this.#columns = columns;
    this.#rows = rows;
    this.#tile = tile;
    this.#walls = walls;
  }

  /** Whether a wall is on the straight line between two places (map px), but for the tiles they stand on. */
  between(x0: number, y0: number, x1: number, y1: number): boolean {
    // The cells along a line, in order: Amanatides and Woo, "A Fast Voxel Traversal Algorithm" (1987).
    const size = this.#tile;
    let column = Math.floor(x0 / size);
    let row = Math.floor(y0 / size);
    const [lastColumn, lastRow] = [Math.floor(x1 / size), Math.floor(y1 / size)];
    const [dx, dy] = [x1 - x0, y1 - y0];
    const stepX = Math.sign(dx);
    const stepY = Math.sign(dy);
    const next = (at: number, cell: number, step: number, d: number): number =>
      d === 0 ? Infinity : ((cell + (step > 0 ? 1 : 0)) * size - at) / d;
    let alongX = next(x0, column, stepX, dx);
    let alongY = next(y0, row, stepY, dy);
    const acrossX = dx === 0 ? Infinity : size / Math.abs(dx);
    const acrossY = dy === 0 ? Infinity : size / Math.abs(dy);
    const most = Math.abs(lastColumn - column) + Math.abs(lastRow - row);
    for (let i = 0; i < most; i++) {
      if (alongX < alongY) {
        column += stepX;
        alongX += acrossX;
      } else {
        row += stepY;
        alongY += acrossY;
      }
      if (column === lastColumn && row === lastRow) return false;
      if (this.#wall(column, row)) return true;
    }
    return false;
  }

  #wall(column: number, row: number): boolean {
    if (column < 0 || row < 0 || column >= this.#columns || row >= this.#rows) return false;
    return this.#walls[row * this.#columns + column] !== 0;
  }
}

/** The walls of a map. */
export function wallsOf(map: TiledMap): WallGrid {
  const blocked = blockedCells(map);
  const drawn = map.layers.filter((layer) => layer.type === "tilelayer" && layer.name.trim().toLowerCase() === "walls");
  let walls = blocked;
  if (drawn.length > 0) {
    walls = new Uint8Array(blocked.length);
    for (const layer of drawn) {
      if (layer.type !== "tilelayer") continue;
      layer.data.forEach((gid, i) => {
        if ((gid & ID_MASK) !== 0 && blocked[i]) walls[i] = 1;
      });
    }
  }
  return new WallGrid(map.width, map.height, map.tilewidth, walls);
}
