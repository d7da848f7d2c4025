/**
 * The bar at the lower edge and the zoom buttons: everything that keys do, for hands on the mouse.
 */
import { t } from "../i18n/words.ts";
import { byId, iconButton, setButton } from "../shared/dom.ts";
import { icon } from "../shared/icons.ts";
import type { Expressions } from "./expressions.ts";
import type { MediaControls } from "./media_controls.ts";
import type { TileMode } from "./tiles.ts";

export interface ToolbarActions {
  hearing: (on: boolean) => void;
  tiles: (mode: TileMode) => void;
  hearers: () => void;
  devices: () => void;
  zoom: (by: 1 | -1) => void;
}

export function fillToolbar(controls: MediaControls, expressions: Expressions, actions: ToolbarActions): void {
  controls.addTo(byId("bar-media"));
  const more = byId("bar-more");
  more.append(
    expressions.element,
    toggle("hearing", t("world.hearing"), actions.hearing),
    press("ear", t("audio.who_hears"), actions.hearers),
    tileModes(actions.tiles),
    press("settings", t("world.settings"), actions.devices),
  );
  byId("zoom").append(
    press("plus", t("world.zoom_in"), () => actions.zoom(1)),
    press("minus", t("world.zoom_out"), () => actions.zoom(-1)),
  );
}

const MODES: { mode: TileMode; words: string }[] = [
  { mode: "near", words: t("audio.tiles_near") },
  { mode: "strip", words: t("audio.tiles_strip") },
  { mode: "grid", words: t("audio.tiles_grid") },
];

/** One button for three modes, one after the other; it is named by the one that holds. */
function tileModes(chosen: (mode: TileMode) => void): HTMLButtonElement {
  const button = iconButton("tiles", MODES[0]?.words ?? "", "bar-button bar-tiles");
  let at = 0;
  button.addEventListener("click", () => {
    at = (at + 1) % MODES.length;
    const now = MODES[at];
    if (!now) return;
    setButton(button, "tiles", now.words);
    button.dataset["mode"] = now.mode;
    button.classList.toggle("chosen", now.mode !== "near");
    chosen(now.mode);
  });
  return button;
}

type Sign = Parameters<typeof icon>[0];

function press(sign: Sign, label: string, action: () => void): HTMLButtonElement {
  const button = iconButton(sign, label, `bar-button bar-${sign}`);
  button.addEventListener("click", action);
  return button;
}

function toggle(sign: Sign, label: string, action: (on: boolean) => void): HTMLButtonElement {
  const button = iconButton(sign, label, `bar-button bar-${sign}`);
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(on));
    action(on);
  });
  return button;
}
