/**
 * What part of the map is seen: zoom steps, following, staying on the map, whole device px.
 *
 * Pure. Sizes of the view are CSS px, places are map px, `ratio` is device px per CSS px.
 */
import type { Point } from "./collision.ts";

export interface Size {
  width: number;
  height: number;
}

/** Device px per map px that keep pixel art crisp: whole numbers, and few between. */
const STEPS = [0.5, 0.75, 1, 1.5, 2, 3, 4, 5, 6, 8, 10, 12];
/** CSS px per map px that make sense to people. */
const SMALLEST = 0.5;
const LARGEST = 4;
/** Time constant (ms) with which the view follows. */
const FOLLOW_MS = 110;

/** All zooms (CSS px per map px) to choose from, rising. */
export function zooms(ratio: number): number[] {
  return STEPS.map((step) => step / ratio).filter((zoom) => zoom >= SMALLEST && zoom <= LARGEST);
}

/** The zoom to begin with: about the same part of the map on any screen, and no empty edge if that is near. */
export function firstZoom(view: Size, map: Size, ratio: number): number {
  const usual = Math.sqrt(view.width * view.height) / 560;
  const filling = Math.max(view.width / map.width, view.height / map.height);
  const wish = Math.max(usual, Math.min(filling, usual * 1.5));
  let best = 1;
  for (const zoom of zooms(ratio)) {
    if (Math.abs(Math.log(zoom / wish)) < Math.abs(Math.log(best / wish))) best = zoom;
  }
  return best;
}

/** The next larger (`by` 1) or smaller (-1) zoom. */
export function nextZoom(zoom: number, by: 1 | -1, ratio: number): number {
  const all = zooms(ratio);
  if (by > 0) return all.find((z) => z > zoom * 1.01) ?? zoom;
  return all.findLast((z) => z < zoom * 0.99) ?? zoom;
}

/** CSS px at the view's edges that are covered: the map may be scrolled out from under them. */
export interface Covered {
  top: number;
  bottom: number;
}

/** The middle of the view so that the map fills it; a map that is smaller is centred in what is free. */
export function clampCentre(centre: Point, zoom: number, view: Size, map: Size, covered: Covered): Point {
  return {
    x: clampAxis(centre.x, view.width / zoom, map.width, 0, 0),
    y: clampAxis(centre.y, view.height / zoom, map.height, covered.top / zoom, covered.bottom / zoom),
  };
}

function clampAxis(centre: number, seen: number, whole: number, before: number, after: number): number {
  const low = seen / 2 - before;
  const high = whole - seen / 2 + after;
  return low >= high ? (low + high) / 2 : Math.min(Math.max(centre, low), high);
}

/** One frame of following: nearer to `target` by what `dt` ms allow; there when it is within half a px. */
export function follow(centre: Point, target: Point, dt: number, zoom: number): Point {
  const dx = target.x - centre.x;
  const dy = target.y - centre.y;
  if (Math.hypot(dx, dy) * zoom < 0.5) return target;
  const part = 1 - Math.exp(-dt / FOLLOW_MS);
  return { x: centre.x + dx * part, y: centre.y + dy * part };
}

/** The centre moved by less than a device px so that map px fall on device px. */
export function onPixels(centre: Point, zoom: number, view: Size, ratio: number): Point {
  const scale = zoom * ratio;
  const halfX = Math.round(view.width * ratio) / 2;
  const halfY = Math.round(view.height * ratio) / 2;
  return {
    x: (Math.round(centre.x * scale - halfX) + halfX) / scale,
    y: (Math.round(centre.y * scale - halfY) + halfY) / scale,
  };
}
