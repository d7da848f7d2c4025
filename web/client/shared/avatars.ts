/**
 * Pictures out of the avatars' sheets (frames of 32 × 48; the first one looks at you, standing).
 */
import { h } from "./dom.ts";
import { sheetOf } from "./looks.ts";

/** Head and shoulders. */
const HEAD = { x: 3, y: 1, width: 26, height: 26 };

export const sheetUrl = (avatar: string): string => `/maps/avatars/${encodeURIComponent(avatar)}.png`;

/** So many heads are kept; the oldest go first. */
const MOST_KEPT = 300;
const heads = new Map<string, Promise<string>>();

/** The head of the first frame, as an address for an image. Rejects where there is no such sheet. */
function head(avatar: string): Promise<string> {
  const known = heads.get(avatar);
  if (known) return known;
  const { x, y, width, height } = HEAD;
  const made = sheetOf(avatar).then((sheet) => {
    const canvas = h("canvas", { width, height });
    canvas.getContext("2d")?.drawImage(sheet, x, y, width, height, 0, 0, width, height);
    return canvas.toDataURL();
  });
  heads.set(avatar, made);
  made.catch(() => heads.delete(avatar));
  if (heads.size > MOST_KEPT) heads.delete(heads.keys().next().value ?? "");
  return made;
}

/**
 * Head and shoulders; `missing` is called where there is no such sheet. An image, not a canvas: a hundred canvases in a
 * list are a hundred layers that the browser puts together in every frame of the map.
 */
export function portrait(avatar: string, missing: () => void): HTMLImageElement {
  const { width, height } = HEAD;
  const image = h("img", { class: "pixels", alt: "", width, height });
  head(avatar).then(
    (url) => {
      image.src = url;
    },
    () => missing(),
  );
  return image;
}
