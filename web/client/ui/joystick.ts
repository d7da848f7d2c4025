/**
 * A joystick for thumbs, on screens without a mouse. Keyboard and lists do the same, so it is hidden from
 * screen readers.
 */
import type { Wish } from "../game/walker.ts";
import { h } from "../shared/dom.ts";
import { stickAt } from "./stick.ts";

const STAND: Wish = { dx: 0, dy: 0, run: false };

/** Adds it to `place`; shown wherever the main pointer is a finger. */
export function addJoystick(place: HTMLElement, walk: (wish: Wish) => void): void {
  const knob = h("span", { class: "knob" });
  const stick = h("div", { class: "joystick", id: "joystick", "aria-hidden": "true" }, knob);
  let finger: number | null = null;

  const move = (event: PointerEvent): void => {
    const { left, top, width } = stick.getBoundingClientRect();
    const at = stickAt(event.clientX - left - width / 2, event.clientY - top - width / 2, width / 2);
    knob.style.transform = `translate(${at.knob.x.toFixed(1)}px, ${at.knob.y.toFixed(1)}px)`;
    stick.classList.toggle("running", at.wish.run);
    walk(at.wish);
  };
  const letGo = (): void => {
    if (finger === null) return;
    finger = null;
    knob.style.removeProperty("transform");
    stick.classList.remove("held", "running");
    walk(STAND);
  };
  stick.addEventListener("pointerdown", (event) => {
    if (finger !== null) return;
    event.preventDefault();
    finger = event.pointerId;
    stick.setPointerCapture(finger);
    stick.classList.add("held");
    move(event);
  });
  stick.addEventListener("pointermove", (event) => {
    if (event.pointerId === finger) move(event);
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"] as const) {
    stick.addEventListener(end, (event) => {
      if (event.pointerId === finger) letGo();
    });
  }
  // A page that is put away never tells that the thumb is gone.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) letGo();
  });
  stick.addEventListener("contextmenu", (event) => event.preventDefault());
  const fingers = window.matchMedia("(pointer: coarse)");
  const settle = (): void => {
    stick.hidden = !fingers.matches;
    if (stick.hidden) letGo();
  };
  fingers.addEventListener("change", settle);
  settle();
  place.append(stick);
}
