/**
 * Pictures out of the avatars' sheets (frames of 32 × 48; the first one looks at you, standing).
 */
import { h } from "./dom.ts";
import { sheetOf } from "./looks.ts";

/** Head and shoulders. */
const HEAD = { x: 3, y: 1, width: 26, height: 26 };

export const sheetUrl = (avatar: string): string => `/maps/avatars/${encodeURIComponent(avatar)}.png`;

/** A part of the first frame as a canvas; `missing` is called where there is no such sheet. */
function picture(avatar: string, part: typeof HEAD, missing?: () => void): HTMLCanvasElement {
  const { x, y, width, height } = part;
  const canvas = h("canvas", { class: "pixels", width, height, "aria-hidden": "true" });
  sheetOf(avatar).then(
    (sheet) => canvas.getContext("2d")?.drawImage(sheet, x, y, width, height, 0, 0, width, height),
    () => missing?.(),
  );
  return canvas;
}

/** Head and shoulders. */
export const portrait = (avatar: string, missing: () => void): HTMLCanvasElement => picture(avatar, HEAD, missing);

/** "curly_red" → "Curly red" */
export function avatarTitle(avatar: string): string {
  const words = avatar.replaceAll(/[_-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
