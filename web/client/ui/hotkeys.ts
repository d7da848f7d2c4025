/**
 * Keys: walking, and one key for what one does often. Nothing here steals a key from a text field or
 * from a focused button.
 *
 * Walking goes by the key's place (W A S D here is Z Q S D on a French keyboard) and also by the letters
 * Z and Q themselves.
 */
import type { Wish } from "../game/walker.ts";

export interface HotkeyActions {
  walk: (wish: Wish) => void;
  mic: () => void;
  camera: () => void;
  /** Held down: true, let go: false. */
  talk: (on: boolean) => void;
  hearing: (on: boolean) => void;
  emote: (index: number) => void;
  zoom: (by: 1 | -1) => void;
  chat: () => void;
  /** Hear nobody, or everybody again. */
  sound: () => void;
  follow: () => void;
  find: () => void;
  /** Sit down on the nearest seat, or get up. */
  sit: () => void;
}

type Way = "up" | "down" | "left" | "right";

const PLACES: Record<string, Way> = {
  KeyW: "up",
  ArrowUp: "up",
  KeyS: "down",
  ArrowDown: "down",
  KeyA: "left",
  ArrowLeft: "left",
  KeyD: "right",
  ArrowRight: "right",
};
const LETTERS: Record<string, Way> = { z: "up", q: "left" };

export function wayOf(event: { code: string; key: string }): Way | null {
  return PLACES[event.code] ?? LETTERS[event.key.toLowerCase()] ?? null;
}

/** The wish of the held ways; opposite ones cancel out. */
export function wishOf(held: ReadonlySet<Way>, run: boolean): Wish {
  const dx = Number(held.has("right")) - Number(held.has("left"));
  const dy = Number(held.has("down")) - Number(held.has("up"));
  return { dx, dy, run };
}

const typing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || target.matches("input:not([type=radio], [type=checkbox]), textarea, select"));
const pressing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.closest("button, a, summary, [role=tab], input") !== null;

export function listenToKeys(actions: HotkeyActions): void {
  const held = new Map<string, Way>();
  let talking = false;
  let hearing = false;
  let running = false;

  const walk = (): void => actions.walk(wishOf(new Set(held.values()), running));
  const letGo = (): void => {
    if (held.size > 0) {
      held.clear();
      walk();
    }
    if (talking) actions.talk(false);
    if (hearing) actions.hearing(false);
    talking = hearing = running = false;
  };

  document.addEventListener("keydown", (event) => {
    if (event.key === "Shift" && !running) {
      running = true;
      if (held.size > 0) walk();
    }
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      actions.find();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const way = wayOf(event);
    // Arrow keys belong to whoever has the focus in a list of tabs or messages.
    const own = event.target instanceof HTMLElement && event.target.closest("[role=tablist], [role=log]") !== null;
    if (way && !(own && event.code.startsWith("Arrow"))) {
      event.preventDefault();
      if (event.repeat || held.has(event.code)) return;
      held.set(event.code, way);
      walk();
      return;
    }
    if (event.repeat) {
      if (event.code === "Space" && talking) event.preventDefault();
      return;
    }
    const key = event.key.toLowerCase();
    if (event.code === "Space" && !pressing(event.target)) {
      event.preventDefault();
      talking = true;
      actions.talk(true);
    } else if (key === "h") {
      hearing = true;
      actions.hearing(true);
    } else if (key === "m") actions.mic();
    else if (key === "v") actions.camera();
    else if (key === "n") actions.sound();
    else if (key === "f") actions.follow();
    else if (key === "x" || key === "e") actions.sit();
    else if (key >= "1" && key <= "6") actions.emote(Number(key) - 1);
    else if (key === "+" || key === "=") actions.zoom(1);
    else if (key === "-") actions.zoom(-1);
    else if (key === "enter" && !pressing(event.target)) {
      event.preventDefault();
      actions.chat();
    }
  });

  document.addEventListener("keyup", (event) => {
    if (event.key === "Shift") {
      running = false;
      if (held.size > 0) walk();
    }
    if (held.delete(event.code)) walk();
    if (event.code === "Space" && talking) {
      talking = false;
      actions.talk(false);
    }
    if (event.key.toLowerCase() === "h" && hearing) {
      hearing = false;
      actions.hearing(false);
    }
  });
  // A key that is let go elsewhere never tells us.
  window.addEventListener("blur", letGo);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) letGo();
  });
}
