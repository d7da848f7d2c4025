/**
 * Avatars to choose from: radio buttons with the sheet's first picture (looking at you, standing).
 */
import { h } from "./dom.ts";

const SCALE = 1.5;
const FRAME_WIDTH = 32;
const FRAME_HEIGHT = 48;

/** The standing figure out of an avatar's sheet, as a canvas; empty where the sheet is missing. */
function figure(avatar: string): HTMLCanvasElement {
  const canvas = h("canvas", { class: "pixels", width: FRAME_WIDTH, height: FRAME_HEIGHT });
  canvas.style.width = `${FRAME_WIDTH * SCALE}px`;
  canvas.style.height = `${FRAME_HEIGHT * SCALE}px`;
  const sheet = new Image();
  sheet.addEventListener("load", () => {
    const pen = canvas.getContext("2d");
    pen?.drawImage(sheet, 0, 0, FRAME_WIDTH, FRAME_HEIGHT, 0, 0, FRAME_WIDTH, FRAME_HEIGHT);
  });
  sheet.src = `/maps/avatars/${encodeURIComponent(avatar)}.png`;
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
