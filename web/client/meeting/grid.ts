/**
 * How many columns make the largest tiles. Pure.
 */

export interface Grid {
  readonly columns: number;
  readonly rows: number;
  /** px */
  readonly width: number;
  readonly height: number;
}

const GAP = 12;
const RATIO = 16 / 9;

/** The grid of `count` tiles (16:9) with the largest tiles in `width` × `height` px, `gap` px between them. */
export function bestGrid(count: number, width: number, height: number, gap: number = GAP): Grid {
  let best: Grid = { columns: 1, rows: Math.max(count, 1), width: 0, height: 0 };
  for (let columns = 1; columns <= Math.max(count, 1); columns += 1) {
    const rows = Math.ceil(Math.max(count, 1) / columns);
    const room = (width - gap * (columns - 1)) / columns;
    const tall = (height - gap * (rows - 1)) / rows;
    const tileWidth = Math.max(0, Math.min(room, tall * RATIO));
    if (tileWidth > best.width) best = { columns, rows, width: tileWidth, height: tileWidth / RATIO };
  }
  return best;
}
