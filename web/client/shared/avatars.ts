/**
 * Pictures out of the avatars' sheets (frames of 32 × 48; the first one looks at you, standing), and
 * the choice of one.
 */
import { h } from "./dom.ts";

const SCALE = 1.5;
const FRAME = { x: 0, y: 0, width: 32, height: 48 };
/** Head and shoulders. */
const HEAD = { x: 3, y: 1, width: 26, height: 26 };

export const sheetUrl = (avatar: string): string => `/maps/avatars/${encodeURIComponent(avatar)}.png`;

/** A part of the first frame as a canvas; `missing` is called where there is no such sheet. */
function picture(avatar: string, part: typeof FRAME, missing?: () => void): HTMLCanvasElement {
  const { x, y, width, height } = part;
  const canvas = h("canvas", { class: "pixels", width, height, "aria-hidden": "true" });
  const sheet = new Image();
  sheet.addEventListener("load", () => {
    canvas.getContext("2d")?.drawImage(sheet, x, y, width, height, 0, 0, width, height);
  });
  if (missing) sheet.addEventListener("error", missing);
  sheet.src = sheetUrl(avatar);
  return canvas;
}

/** Head and shoulders. */
export const portrait = (avatar: string, missing: () => void): HTMLCanvasElement => picture(avatar, HEAD, missing);

function figure(avatar: string): HTMLCanvasElement {
  const canvas = picture(avatar, FRAME);
  canvas.style.width = `${FRAME.width * SCALE}px`;
  canvas.style.height = `${FRAME.height * SCALE}px`;
  return canvas;
}

/** "curly_red" → "Curly red" */
export function avatarTitle(avatar: string): string {
  const words = avatar.replaceAll(/[_-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function avatarChoices(avatars: readonly string[], chosen: string): HTMLElement[] {
  return avatars.map((avatar) =>
    h(
      "label",
      { class: "avatar-choice", title: avatarTitle(avatar) },
      h("input", { type: "radio", name: "avatar", value: avatar, checked: avatar === chosen }),
      figure(avatar),
      h("span", { class: "visually-hidden" }, avatarTitle(avatar)),
    ),
  );
}
