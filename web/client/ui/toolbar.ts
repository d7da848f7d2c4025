/**
 * The bar at the lower edge and the zoom buttons: everything that keys do, for hands on the mouse.
 */
import { t } from "../i18n/words.ts";
import { EMOTES } from "./bubbles.ts";
import { byId, h, iconButton } from "../shared/dom.ts";
import { icon } from "../shared/icons.ts";
import type { MediaControls } from "./media_controls.ts";

export interface ToolbarActions {
  emote: (index: number) => void;
  hearing: (on: boolean) => void;
  strip: (on: boolean) => void;
  devices: () => void;
  zoom: (by: 1 | -1) => void;
}

export function fillToolbar(controls: MediaControls, actions: ToolbarActions): void {
  controls.addTo(byId("bar-media"));
  const more = byId("bar-more");
  more.append(
    emoteMenu(actions.emote),
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

function emoteMenu(emote: (index: number) => void): HTMLElement {
  const button = iconButton("smile", t("world.emotes"), "bar-button bar-smile");
  const menu = h("div", { class: "emotes", role: "group", "aria-label": t("world.emotes"), hidden: true });
  const show = (open: boolean): void => {
    menu.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
  };
  EMOTES.forEach(({ emote: name, label }, i) => {
    const choice = iconButton(name, t("world.with_key", { words: label, key: i + 1 }), `emote emote-${name}`);
    choice.addEventListener("click", () => {
      show(false);
      emote(i);
    });
    menu.append(choice);
  });
  button.addEventListener("click", () => show(menu.hidden !== false));
  const holder = h("div", { class: "emote-menu" }, button, menu);
  holder.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || menu.hidden) return;
    show(false);
    button.focus();
  });
  document.addEventListener("pointerdown", (event) => {
    if (event.target instanceof Node && !holder.contains(event.target)) show(false);
  });
  show(false);
  return holder;
}
