/**
 * Puts an avatar together: begin with one of the ready ones, then change a part at a time. The figure walks and turns
 * while one looks for the right hat. Without the layers there are the ready ones alone.
 */
import { type Key, t } from "../i18n/words.ts";
import { h } from "./dom.ts";
import { type Look, type Part, PARTS, nameOf, readLook } from "./look_code.ts";
import { SHEET } from "./look_painter.ts";
import { type Layers, loadLayers, sheetOf } from "./looks.ts";
import { avatarTitle } from "./words.ts";

const FRAME = { width: 32, height: 48 };
const STEP_MS = 150;
/** It looks a way so many steps long. */
const TURN_STEPS = 12;
const WALK = [1, 2, 3, 4];

const GROUPS: readonly { part: Part; label: Key }[] = [
  { part: "skin", label: "avatar.skin" },
  { part: "style", label: "avatar.style" },
  { part: "hair", label: "avatar.hair" },
  { part: "top", label: "avatar.top" },
  { part: "cloth", label: "avatar.cloth" },
  { part: "legs", label: "avatar.legs" },
  { part: "shoes", label: "avatar.shoes" },
  { part: "extra", label: "avatar.extra" },
];

export class AvatarBuilder {
  readonly element = h("div", { class: "builder" });
  readonly #value = h("input", { type: "hidden", name: "avatar" });
  readonly #stage = h("canvas", { class: "pixels builder-figure", width: FRAME.width, height: FRAME.height, role: "img", "aria-label": t("avatar.preview") });
  readonly #groups = h("div", { class: "builder-groups" });
  readonly #ready = h("div", { class: "builder-ready", role: "group", "aria-label": t("avatar.ready") });
  #layers: Layers | null = null;
  #look: Look | null = null;
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor() {
    const dice = h("button", { type: "button", class: "button small", text: t("avatar.surprise"), onclick: () => this.#surprise() });
    this.element.append(this.#value, h("div", { class: "builder-side" }, this.#stage, dice), h("div", { class: "builder-choices" }, this.#ready, this.#groups));
  }

  /** The chosen avatar's name. */
  get value(): string {
    return this.#value.value;
  }

  /** Shows the choice; `ready` are the avatars that are there already. */
  async open(ready: readonly string[], chosen: string): Promise<void> {
    this.#layers = await loadLayers().catch(() => null);
    this.#ready.replaceChildren(
      ...ready.map((avatar) => {
        const button = h("button", { type: "button", class: "builder-option", title: avatarTitle(avatar), "aria-label": avatarTitle(avatar), "data-avatar": avatar, onclick: () => this.#wear(avatar) });
        button.append(still(avatar));
        return button;
      }),
    );
    if (this.#layers) this.#showGroups(this.#layers);
    this.#wear(chosen);
    this.#timer ??= setInterval(() => this.#turn(), STEP_MS);
  }

  /** Nobody looks any more. */
  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #wear(avatar: string): void {
    this.#value.value = avatar;
    this.#look = readLook(avatar) ?? readLook(this.#layers?.manifest.looks[avatar] ?? "");
    for (const button of this.#ready.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.dataset["avatar"] === avatar));
    for (const input of this.#groups.querySelectorAll("input")) {
      const part = input.dataset["part"] as Part;
      input.checked = Number(input.value) === this.#look?.[part];
    }
    this.#turn();
  }

  #change(part: Part, index: number): void {
    if (!this.#look) return;
    this.#wear(nameOf({ ...this.#look, [part]: index }));
  }

  #surprise(): void {
    const layers = this.#layers;
    if (!layers) {
      const buttons = [...this.#ready.querySelectorAll("button")];
      buttons[Math.floor(Math.random() * buttons.length)]?.click();
      return;
    }
    const look = Object.fromEntries(PARTS.map((part) => [part, Math.floor(Math.random() * namesOf(layers, part).length)])) as Look;
    this.#wear(nameOf(look));
  }

  #showGroups(layers: Layers): void {
    this.#groups.replaceChildren(
      ...GROUPS.map(({ part, label }) => {
        const names = namesOf(layers, part);
        const group = h("fieldset", { class: "builder-group" }, h("legend", {}, t(label)));
        const box = h("div", { class: "builder-options" });
        names.forEach((name, index) => {
          const input = h("input", { type: "radio", name: `part-${part}`, value: index, "data-part": part, onchange: () => this.#change(part, index) });
          const words = wordsOf(part, name, index);
          const tone = toneOf(layers, part, index);
          const sign = tone === null ? h("span", { class: "builder-word", text: words }) : h("span", { class: "builder-swatch" }, h("span", { class: "visually-hidden", text: words }));
          if (tone !== null) sign.style.background = tone;
          box.append(h("label", { class: "builder-choice", title: words }, input, sign));
        });
        group.append(box);
        return group;
      }),
    );
  }

  /** One phase of the walk. */
  #turn(): void {
    const at = Math.floor(performance.now() / STEP_MS);
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    const row = calm ? 0 : Math.floor(at / TURN_STEPS) % SHEET.rows.length;
    const column = calm ? 0 : (WALK[at % WALK.length] ?? 0);
    void sheetOf(this.#value.value).then(
      (sheet) => {
        const brush = this.#stage.getContext("2d");
        brush?.clearRect(0, 0, FRAME.width, FRAME.height);
        brush?.drawImage(sheet, column * FRAME.width, row * FRAME.height, FRAME.width, FRAME.height, 0, 0, FRAME.width, FRAME.height);
      },
      () => undefined,
    );
  }
}

function still(avatar: string): HTMLCanvasElement {
  const canvas = h("canvas", { class: "pixels", width: FRAME.width, height: FRAME.height, "aria-hidden": "true" });
  void sheetOf(avatar).then(
    (sheet) => canvas.getContext("2d")?.drawImage(sheet, 0, 0, FRAME.width, FRAME.height, 0, 0, FRAME.width, FRAME.height),
    () => undefined,
  );
  return canvas;
}

function namesOf({ manifest }: Layers, part: Part): string[] {
  switch (part) {
    case "skin":
      return manifest.skins.map((_, index) => String(index));
    case "style":
      return manifest.styles;
    case "top":
      return manifest.tops;
    case "extra":
      return manifest.extras;
    default:
      return manifest.colours.map(({ name }) => name);
  }
}

function toneOf({ manifest }: Layers, part: Part, index: number): string | null {
  if (part === "style" || part === "top" || part === "extra") return null;
  const tone = part === "skin" ? manifest.skins[index]?.[2] : manifest.colours[index]?.tones[3];
  return tone === undefined ? null : `#${tone}`;
}

const WORDS: Readonly<Record<string, Key>> = {
  short: "avatar.short",
  bob: "avatar.bob",
  long: "avatar.long",
  bun: "avatar.bun",
  curls: "avatar.curls",
  tail: "avatar.tail",
  cap: "avatar.cap",
  scarf: "avatar.scarf",
  spiky: "avatar.spiky",
  bald: "avatar.bald",
  tee: "avatar.tee",
  hoodie: "avatar.hoodie",
  jacket: "avatar.jacket",
  dress: "avatar.dress",
  dungarees: "avatar.dungarees",
  "": "avatar.nothing",
  glasses: "avatar.glasses",
  beard: "avatar.beard",
  headphones: "avatar.headphones",
  flower: "avatar.flower",
  brown: "avatar.brown",
  black: "avatar.black",
  auburn: "avatar.auburn",
  gold: "avatar.gold",
  grey: "avatar.grey",
  cream: "avatar.cream",
  coral: "avatar.coral",
  pink: "avatar.pink",
  plum: "avatar.plum",
  navy: "avatar.navy",
  teal: "avatar.teal",
  green: "avatar.green",
  pine: "avatar.pine",
  slate: "avatar.slate",
};

function wordsOf(part: Part, name: string, index: number): string {
  if (part === "skin") return t("avatar.skin_number", { number: index + 1 });
  const key = WORDS[name];
  return key ? t(key) : avatarTitle(name);
}
