/**
 * A figure with its last five minutes as a line. The canvas is drawn in the text's colours, so it
 * follows light and dark; what it shows is also its name for those who do not see it.
 */
import { t } from "../i18n/words.ts";
import { h } from "../shared/dom.ts";

const SECONDS = 300;
const HEIGHT = 56;

/** The points (0..1 both ways, y up) of samples [at, value]; a hole (NaN) begins a new line. Pure. */
export function lines(samples: readonly (readonly [number, number])[], now: number, least: number): [number, number][][] {
  const most = Math.max(least, ...samples.map(([, value]) => (Number.isFinite(value) ? value : 0)));
  const found: [number, number][][] = [];
  let line: [number, number][] | null = null;
  for (const [at, value] of samples) {
    if (!Number.isFinite(value)) {
      line = null;
      continue;
    }
    if (!line) found.push((line = []));
    line.push([1 - (now - at) / SECONDS, value / most]);
  }
  return found;
}

export class Plot {
  readonly element: HTMLElement;
  private readonly canvas = h("canvas", { class: "plot-line", role: "img" });
  private readonly value = h("span", { class: "plot-value" });
  private samples: [number, number][] = [];
  private readonly name: string;
  private readonly words: (value: number) => string;
  private readonly least: number;

  /** `least`: a line is full height at this value at the least, so that noise looks like noise. */
  constructor(name: string, words: (value: number) => string, least: number) {
    this.name = name;
    this.words = words;
    this.least = least;
    this.element = h("li", { class: "plot card" }, h("span", { class: "plot-name" }, name), this.value, this.canvas);
  }

  /** A new sample; `at` in seconds. */
  add(at: number, value: number): void {
    this.samples.push([at, value]);
    this.samples = this.samples.filter(([then]) => then >= at - SECONDS);
    this.value.textContent = this.words(value);
    const most = Math.max(...this.samples.map(([, one]) => (Number.isFinite(one) ? one : 0)));
    this.canvas.setAttribute("aria-label", t("admin.plot", { name: this.name, now: this.words(value), most: this.words(most) }));
    this.draw();
  }

  draw(): void {
    const now = this.samples.at(-1)?.[0] ?? 0;
    const width = this.canvas.clientWidth;
    const scale = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(HEIGHT * scale);
    const pen = this.canvas.getContext("2d");
    if (!pen || width === 0) return;
    pen.scale(scale, scale);
    const style = getComputedStyle(this.canvas);
    pen.strokeStyle = style.color;
    pen.fillStyle = style.color;
    pen.lineWidth = 1.75;
    pen.lineJoin = "round";
    const place = ([x, y]: [number, number]): [number, number] => [x * (width - 4) + 2, HEIGHT - 2 - y * (HEIGHT - 6)];
    for (const line of lines(this.samples, now, this.least)) {
      const points = line.map(place);
      const [first, last] = [points[0], points.at(-1)];
      if (!first || !last) continue;
      pen.beginPath();
      for (const [x, y] of points) pen.lineTo(x, y);
      pen.stroke();
      pen.globalAlpha = 0.14;
      pen.lineTo(last[0], HEIGHT);
      pen.lineTo(first[0], HEIGHT);
      pen.fill();
      pen.globalAlpha = 1;
    }
    const end = lines(this.samples, now, this.least).at(-1)?.at(-1);
    if (end) {
      const [x, y] = place(end);
      pen.beginPath();
      pen.arc(x - 1, y, 2.5, 0, 2 * Math.PI);
      pen.fill();
    }
  }
}
