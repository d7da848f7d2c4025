/**
 * Our line icons, 24 × 24, drawn with the text's colour. Decoration only: the words stand beside them
 * or in the control's label.
 */

const PATHS = {
  mic: "M12 3.5a2.75 2.75 0 0 1 2.75 2.75v5a2.75 2.75 0 0 1-5.5 0v-5A2.75 2.75 0 0 1 12 3.5ZM5.75 11.25a6.25 6.25 0 0 0 12.5 0M12 17.5v3",
  mic_off:
    "M9.25 9.5v1.75a2.75 2.75 0 0 0 4.6 2.03M14.75 10.2V6.25a2.75 2.75 0 0 0-5.3-1M5.75 11.25a6.25 6.25 0 0 0 10.1 4.9M18.25 11.25a6.2 6.2 0 0 1-.6 2.67M12 17.5v3M4 4l16 16",
  camera: "M5.5 6.5h7.5a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2H5.5a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2ZM15 10.8l5.5-3.3v9L15 13.2",
  camera_off:
    "M10 6.5h3a2 2 0 0 1 2 2v3m0 4a2 2 0 0 1-2 2H5.5a2 2 0 0 1-2-2v-7a2 2 0 0 1 1.8-2M15 10.8l5.5-3.3v9l-3.3-2M4 4l16 16",
  screen: "M4.5 5h15a1 1 0 0 1 1 1v9.5a1 1 0 0 1-1 1h-15a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1ZM9 20h6M12 13.5v-5.5M9.5 10.2 12 7.7l2.5 2.5",
  leave: "M9.5 4.5H6a1.5 1.5 0 0 0-1.5 1.5v12A1.5 1.5 0 0 0 6 19.5h3.5M10 12h10M16.5 8.5 20 12l-3.5 3.5",
  link: "M10 14a4 4 0 0 0 5.7 0l3-3a4 4 0 0 0-5.7-5.7l-1.2 1.2M14 10a4 4 0 0 0-5.7 0l-3 3a4 4 0 0 0 5.7 5.7l1.2-1.2",
  people:
    "M9 11.5a3.25 3.25 0 1 0 0-6.5 3.25 3.25 0 0 0 0 6.5ZM3.25 19a5.75 5.75 0 0 1 11.5 0M15.5 5.3a3.25 3.25 0 0 1 0 6M17.5 14a5.75 5.75 0 0 1 3.25 5",
  settings: "M4 7.5h9M17 7.5h3M15 5.5v4M4 16.5h3M11 16.5h9M9 14.5v4",
  enlarge: "M4.5 9V5.5a1 1 0 0 1 1-1H9M15 4.5h3.5a1 1 0 0 1 1 1V9M19.5 15v3.5a1 1 0 0 1-1 1H15M9 19.5H5.5a1 1 0 0 1-1-1V15",
  door: "M6 20.5V4.5a1 1 0 0 1 1-1h10a1 1 0 0 1 1 1v16M3.5 20.5h17M14 12.2v.1",
} as const;

export type IconName = keyof typeof PATHS;

const SVG = "http://www.w3.org/2000/svg";

export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  for (const [key, value] of Object.entries({
    viewBox: "0 0 24 24",
    fill: "none",
    stroke: "currentColor",
    "stroke-width": "1.75",
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
    "aria-hidden": "true",
  })) {
    svg.setAttribute(key, value);
  }
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
