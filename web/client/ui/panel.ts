/**
 * The side panel: tabs for people, rooms and chat, open or shut as it was last in this browser. On a phone
 * it is a sheet from below that starts closed.
 */
import { t } from "../i18n/words.ts";
import { byId, h } from "../shared/dom.ts";

export type TabName = "people" | "rooms" | "chat";

const TABS: { name: TabName; label: string }[] = [
  { name: "people", label: t("people.tab") },
  { name: "rooms", label: t("rooms.tab") },
  { name: "chat", label: t("world.chat") },
];
const REMEMBERED = "atrium.panel";

export class Panel {
  readonly bodies: Record<TabName, HTMLElement>;
  readonly #side = byId("side");
  readonly #toggle = byId("panel-toggle", HTMLButtonElement);
  readonly #tabs = new Map<TabName, HTMLButtonElement>();
  readonly #resized: () => void;
  /** The chat came onto the screen. */
  chatOpened: () => void = () => undefined;
  /** Below this the panel is a sheet over the map, and closed until it is asked for. */
  readonly #roomy = window.matchMedia("(min-width: 900px)");
  #open = true;
  #tab: TabName = "people";

  /** `resized`: the stage beside it has another size now. */
  constructor(resized: () => void) {
    this.#resized = resized;
    const list = byId("tabs");
    const make = (name: TabName): HTMLElement =>
      h("div", { class: `tab-body tab-${name}`, role: "tabpanel", id: `body-${name}`, "aria-labelledby": `tab-${name}` });
    this.bodies = { people: make("people"), rooms: make("rooms"), chat: make("chat") };
    for (const { name, label } of TABS) {
      const tab = h(
        "button",
        { type: "button", class: "tab", role: "tab", id: `tab-${name}`, "aria-controls": `body-${name}` },
        h("span", {}, label),
        h("span", { class: "tab-count" }),
      );
      tab.addEventListener("click", () => this.show(name));
      this.#tabs.set(name, tab);
      list.append(tab);
      byId("bodies").append(this.bodies[name]);
    }
    list.addEventListener("keydown", (event) => this.#arrows(event));
    this.#toggle.addEventListener("click", () => this.setOpen(!this.#open));
    byId("panel-close").addEventListener("click", () => {
      this.setOpen(false);
      this.#toggle.focus();
    });
    const settle = (): void => this.setOpen(this.#roomy.matches && localStorage.getItem(REMEMBERED) !== "shut", false);
    this.#roomy.addEventListener("change", settle);
    settle();
    this.show("people", false);
  }

  /** Whether the chat is being looked at. */
  get chatShown(): boolean {
    return this.#open && this.#tab === "chat";
  }

  show(tab: TabName, open = true): void {
    this.#tab = tab;
    for (const [name, button] of this.#tabs) {
      const chosen = name === tab;
      button.setAttribute("aria-selected", String(chosen));
      button.tabIndex = chosen ? 0 : -1;
      this.bodies[name].hidden = !chosen;
    }
    if (open) this.setOpen(true);
    if (this.chatShown) this.chatOpened();
  }

  setOpen(open: boolean, remember = true): void {
    this.#open = open;
    this.#side.hidden = !open;
    document.body.classList.toggle("panel-open", open);
    this.#toggle.setAttribute("aria-expanded", String(open));
    if (remember && this.#roomy.matches) localStorage.setItem(REMEMBERED, open ? "open" : "shut");
    if (this.chatShown) this.chatOpened();
    this.#resized();
  }

  /** I go somewhere: the sheet leaves the map to be seen. Beside the map the panel stays. */
  makeWay(): void {
    if (this.#roomy.matches || !this.#open) return;
    this.setOpen(false);
    byId("map").focus();
  }

  setCount(tab: TabName, count: number): void {
    const badge = this.#tabs.get(tab)?.querySelector(".tab-count");
    const text = count > 0 ? String(count) : "";
    if (badge && badge.textContent !== text) badge.textContent = text;
  }

  /** Lines that were not read: on the tab and on the button that opens the panel. */
  setUnread(count: number): void {
    this.setCount("chat", count);
    this.#toggle.dataset["unread"] = count > 0 ? String(Math.min(count, 99)) : "";
    const words = count > 0 ? t("world.panel_unread", { count }) : t("world.panel");
    this.#toggle.setAttribute("aria-label", words);
  }

  #arrows(event: KeyboardEvent): void {
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (by === 0) return;
    event.preventDefault();
    const names = TABS.map(({ name }) => name);
    const next = names[(names.indexOf(this.#tab) + by + names.length) % names.length] as TabName;
    this.show(next);
    this.#tabs.get(next)?.focus();
  }
}
