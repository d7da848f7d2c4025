/**
 * Where feet can be and how a step slides along walls: the same rule as the world's, so that it never
 * has to send us back.
 *
 * Pure. A player is a foot box (half sides in px) centred on (x, y); it may touch a blocking tile's edge
 * and the map's edge, not reach over it. A straight step is the box swept along a segment, tested
 * exactly: it meets a tile iff the segment meets the tile grown by the half sides.
 */

/** px that a box may reach into a tile: the world's tolerance is 1e-6, ours is stricter. */
const TOLERANCE = 1e-7;

export interface Point {
  x: number;
  y: number;
}

export class CollisionGrid {
  readonly columns: number;
  readonly rows: number;
  readonly tile: number;
  readonly footX: number;
  readonly footY: number;
  readonly #blocked: Uint8Array;

  /** `blocked`: columns * rows cells row by row, non-zero blocks; `tile`, `footX`, `footY` in px. */
  constructor(columns: number, rows: number, tile: number, blocked: Uint8Array, footX: number, footY: number) {
    if (blocked.length !== columns * rows) {
      throw new Error(`${blocked.length} cells for a map of ${columns} x ${rows} tiles`);
    }
    this.columns = columns;
    this.rows = rows;
    this.tile = tile;
    this.footX = footX;
    this.footY = footY;
    this.#blocked = blocked;
  }

  get width(): number {
    return this.columns * this.tile;
  }

  get height(): number {
    return this.rows * this.tile;
  }

  /** Outside the map everything blocks. */
  blocks(column: number, row: number): boolean {
    if (column < 0 || row < 0 || column >= this.columns || row >= this.rows) return true;
    return this.#blocked[row * this.columns + column] !== 0;
  }

  free(x: number, y: number): boolean {
    if (!this.#inside(x, y)) return false;
    const [left, right] = this.#span(x, x, this.footX);
    const [top, bottom] = this.#span(y, y, this.footY);
    return !this.#any(left, right, top, bottom);
  }

  /** Whether feet can go straight from one place to the other. */
  clear(x0: number, y0: number, x1: number, y1: number): boolean {
    if (!this.#inside(x0, y0) || !this.#inside(x1, y1)) return false;
    const [left, right] = this.#span(Math.min(x0, x1), Math.max(x0, x1), this.footX);
    const dx = x1 - x0;
    const dy = y1 - y0;
    const reach = this.footX - TOLERANCE;
    for (let column = left; column <= right; column++) {
      // The part of the segment on which the box overlaps this column, as start..end of 0..1.
      let start = 0;
      let end = 1;
      if (dx !== 0) {
        const a = (column * this.tile - reach - x0) / dx;
        const b = ((column + 1) * this.tile + reach - x0) / dx;
        start = Math.max(start, Math.min(a, b));
        end = Math.min(end, Math.max(a, b));
        if (start > end) continue;
      }
      const ya = y0 + dy * start;
      const yb = y0 + dy * end;
      const [top, bottom] = this.#span(Math.min(ya, yb), Math.max(ya, yb), this.footY);
      if (this.#any(column, column, top, bottom)) return false;
    }
    return true;
  }

  /**
   * Where a wish to go by (dx, dy) ends: straight when that is free, else along the wall. The way from
   * (x, y) to the answer is always one clear straight step.
   */
  slide(x: number, y: number, dx: number, dy: number): Point {
    if (this.clear(x, y, x + dx, y + dy)) return { x: x + dx, y: y + dy };
    const alongX = this.#advance(x, y, dx, 0);
    const alongY = this.#advance(x, y, 0, dy);
    // Both axes when the corner allows it, else the one that gets further.
    if (alongX.x !== x && alongY.y !== y && this.clear(x, y, alongX.x, alongY.y)) {
      return { x: alongX.x, y: alongY.y };
    }
    return Math.abs(alongX.x - x) >= Math.abs(alongY.y - y) ? alongX : alongY;
  }

  /** The free place nearest to (x, y), or null when the map has none. Steps of a quarter tile. */
  nearestFree(x: number, y: number): Point | null {
    const cx = Math.min(Math.max(x, this.footX), this.width - this.footX);
    const cy = Math.min(Math.max(y, this.footY), this.height - this.footY);
    if (this.free(cx, cy)) return { x: cx, y: cy };
    const step = this.tile / 4;
    const rings = Math.ceil(Math.max(this.width, this.height) / step);
    let best: Point | null = null;
    let bestDistance = Infinity;
    for (let ring = 1; ring <= rings && ring * step <= bestDistance; ring++) {
      for (let i = -ring; i <= ring; i++) {
        for (const [ox, oy] of [[i, -ring], [i, ring], [-ring, i], [ring, i]] as const) {
          const px = cx + ox * step;
          const py = cy + oy * step;
          const distance = Math.hypot(px - x, py - y);
          if (distance < bestDistance && this.free(px, py)) {
            best = { x: px, y: py };
            bestDistance = distance;
          }
        }
      }
    }
    return best;
  }

  /** As far as possible along one axis: whole, or up to the edge of what blocks. */
  #advance(x: number, y: number, dx: number, dy: number): Point {
    if ((dx === 0 && dy === 0) || this.clear(x, y, x + dx, y + dy)) return { x: x + dx, y: y + dy };
    let low = 0;
    let high = 1;
    for (let i = 0; i < 12; i++) {
      const middle = (low + high) / 2;
      if (this.clear(x, y, x + dx * middle, y + dy * middle)) low = middle;
      else high = middle;
    }
    return { x: x + dx * low, y: y + dy * low };
  }

  #inside(x: number, y: number): boolean {
    return x >= this.footX && x <= this.width - this.footX && y >= this.footY && y <= this.height - this.footY;
  }

  /** First and last cell that the box touches while its centre goes from `low` to `high`. */
  #span(low: number, high: number, half: number): [number, number] {
    const reach = half - TOLERANCE;
    return [Math.floor((low - reach) / this.tile), Math.ceil((high + reach) / this.tile) - 1];
  }

  #any(left: number, right: number, top: number, bottom: number): boolean {
    for (let row = top; row <= bottom; row++) {
      for (let column = left; column <= right; column++) if (this.blocks(column, row)) return true;
    }
    return false;
  }
}
