/**
 * Making and finding elements. Text goes in as text: nobody's name becomes markup.
 */
import { type IconName, icon } from "./icons.ts";

type Child = Node | string | null | false | undefined;
type Props = Record<string, string | number | boolean | ((event: Event) => void) | null | undefined>;

/**
 * An element: `onclick`-like functions are listeners, `text` is its text, true and false set and leave
 * out attributes.
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === false || value === null || value === undefined) continue;
    if (typeof value === "function") element.addEventListener(name.replace(/^on/, ""), value);
    else if (name === "text") element.textContent = String(value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child): child is Node | string => !!child));
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

/** The element with this id. Throws when the template and the script do not fit together. */
export function byId(id: string): HTMLElement;
export function byId<T extends HTMLElement>(id: string, type: new () => T): T;
export function byId(id: string, type: new () => HTMLElement = HTMLElement): HTMLElement {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`the page has no ${type.name} #${id}`);
  return element;
}

/** What the server wrote into the page for its script. */
export function pageData<T>(): T {
  return JSON.parse(byId("page").textContent ?? "null") as T;
}
