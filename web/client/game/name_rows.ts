/**
 * Where names stand when people stand close: none covers another. Pure.
 */

/** A name as it would stand alone, device px; `y` is its lower edge, `x` its middle. */
export interface NameBox {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A name that would have to go higher than so many rows stays where it is: nobody would know whose it is. */
const MOST_ROWS = 3;
/** px between two names. */
const GAP = 2;

/**
 * How far (px) each name goes up, by id. Who stands in front keeps their place, and those behind give way; of two side
 * by side it is always the same one, whoever was here first. `first` is the one that never gives way: my own.
 */
export function raiseNames(boxes: readonly NameBox[], first: string | null): Map<string, number> {
  const before = (a: NameBox, b: NameBox): number => Number(b.id === first) - Number(a.id === first) || b.y - a.y || (a.id < b.id ? -1 : 1);
  const placed: NameBox[] = [];
  const raised = new Map<string, number>();
  for (const box of [...boxes].sort(before)) {
    let y = box.y;
    const lowest = box.y - MOST_ROWS * (box.height + GAP);
    for (let clash = find(placed, box, y); clash; clash = find(placed, box, y)) {
      y = clash.y - clash.height - GAP;
      if (y < lowest) break;
    }
    if (y < lowest) y = box.y;
    placed.push({ ...box, y });
    raised.set(box.id, box.y - y);
  }
  return raised;
}

/** The first name that `box` would cover with its lower edge at `y`. */
function find(placed: readonly NameBox[], box: NameBox, y: number): NameBox | undefined {
  return placed.find(
    (other) =>
      Math.abs(other.x - box.x) < (other.width + box.width) / 2 + GAP && y > other.y - other.height && other.y > y - box.height,
  );
}
