/**
 * The bar at the lower edge and the zoom buttons: everything that keys do, for hands on the mouse.
 */
import { t } from "../i18n/words.ts";
import { byId, iconButton } from "../shared/dom.ts";
import { icon } from "../shared/icons.ts";
import type { Expressions } from "./expressions.ts";
import type { MediaControls } from "./media_controls.ts";

export interface ToolbarActions {
  hearing: (on: boolean) => void;
  strip: (on: boolean) => void;
  devices: () => void;
  zoom: (by: 1 | -1) => void;
}

export function fillToolbar(controls: MediaControls, expressions: Expressions, actions: ToolbarActions): void {
  controls.addTo(byId("bar-media"));
  const more = byId("bar-more");
  more.append(
    expressions.element,
    toggle("hearing", t("world.hearing"), actions.hearing),
    toggle("tiles", t("world.strip"), actions.strip),
    press("settings", t("world.settings"), actions.devices),
  );
  byId("zoom").append(
    press("plus", t("world.zoom_in"), () => actions.zoom(1)),
    press("minus", t("world.zoom_out"), () => actions.zoom(-1)),
  );
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
