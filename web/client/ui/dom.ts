/**
 * Small helpers to build and find elements. Text is always set as text: nobody's name becomes markup.
 */
import { type IconName, icon } from "./icons.ts";

type Child = Node | string | null;

export interface Attributes {
  class?: string;
  text?: string;
  [name: string]: string | boolean | undefined;
}

/** An element with attributes (`true` is an empty one) and children. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (name === "text") element.textContent = String(value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** A real button with a sign; `label` is its name for everybody who does not see the sign. */
export function iconButton(name: IconName, label: string, classes = "icon-button"): HTMLButtonElement {
  return h("button", { type: "button", class: classes, "aria-label": label, title: label }, icon(name));
}

/** Exchanges a button's sign and name, only when they change. */
export function setButton(button: HTMLButtonElement, name: IconName, label: string, title = label): void {
  if (button.dataset["icon"] !== name) {
    button.dataset["icon"] = name;
    button.querySelector("svg")?.replaceWith(icon(name));
  }
  if (button.getAttribute("aria-label") !== label) button.setAttribute("aria-label", label);
  if (button.title !== title) button.title = title;
}

/** The element of the page that has this id. Throws when the template lacks it. */
export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element;
}

/** Two letters for a face without a picture. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return letters.map((word) => [...(word ?? "")][0] ?? "").join("").toUpperCase();
}

/** A colour (degrees) that stays somebody's own. */
export function hueOf(id: string): number {
  let h = 0;
  for (let i = 0; i < id.length; i++) h = (h * 31 + id.charCodeAt(i)) % 360;
  return h;
}

/** A round face with initials. */
export function face(id: string, name: string): HTMLElement {
  const element = h("span", { class: "face", "aria-hidden": "true", text: initials(name) });
  element.style.setProperty("--hue", String(hueOf(id)));
  return element;
}

/** A zone's name for people: maps write Room_1. */
export function zoneTitle(name: string): string {
  return name.replaceAll("_", " ");
}
