/**
 * Finding somebody, or a room, by typing a bit of the name: Enter walks there.
 *
 * A combobox with a list (ARIA APG): the focus stays in the field, the arrows choose.
 */
import { t } from "../i18n/words.ts";
import { byId, h } from "../shared/dom.ts";
import { face } from "../shared/face.ts";
import { icon } from "../shared/icons.ts";
import { matches } from "./matching.ts";

export interface Findable {
  /** Unique among all. */
  id: string;
  name: string;
  /** Where they are, or what kind of room it is. */
  place: string;
  /** Null for a room. */
  avatar: string | null;
  /** A private room. */
  locked?: boolean;
}

/** More than these nobody reads: one types another letter. */
const MOST_SHOWN = 30;

export class Find {
  readonly #dialog = byId("find", HTMLDialogElement);
  readonly #input = h("input", {
    class: "input",
    type: "text",
    role: "combobox",
    "aria-label": t("find.label"),
    "aria-controls": "find-list",
    "aria-expanded": "true",
    "aria-autocomplete": "list",
    placeholder: t("find.placeholder"),
    autocomplete: "off",
    spellcheck: "false",
    enterkeyhint: "go",
  });
  readonly #list = h("ul", { id: "find-list", class: "find-list", role: "listbox", "aria-label": t("find.list") });
  readonly #none = h("p", { class: "empty muted", role: "status" });
  readonly #all: () => Findable[];
  readonly #chosen: (entry: Findable) => void;
  #shown: Findable[] = [];
  #at = 0;

  /** `all` tells who and what can be found now. */
  constructor(all: () => Findable[], chosen: (entry: Findable) => void) {
    this.#all = all;
    this.#chosen = chosen;
    const keys = h("p", { class: "find-keys muted", "aria-hidden": "true" });
    keys.append(h("kbd", { text: "↑" }), h("kbd", { text: "↓" }), ` ${t("find.choose")}  `, h("kbd", { text: t("find.enter") }), ` ${t("find.walk")}  `, h("kbd", { text: t("find.escape") }), ` ${t("find.close")}`);
    this.#dialog.append(h("div", { class: "find-field" }, icon("search"), this.#input), this.#list, this.#none, keys);
    this.#input.addEventListener("input", () => this.#filter());
    this.#input.addEventListener("keydown", (event) => this.#key(event));
    this.#list.addEventListener("click", (event) => {
      const option = event.target instanceof Element ? event.target.closest("li") : null;
      if (option) this.#choose([...this.#list.children].indexOf(option));
    });
    this.#dialog.addEventListener("click", (event) => {
      if (event.target === this.#dialog) this.#dialog.close();
    });
  }

  /** Opens it, unless another dialog asks for an answer. */
  open(): void {
    if (document.querySelector("dialog[open]")) return;
    this.#input.value = "";
    this.#dialog.showModal();
    this.#input.focus();
    this.#filter();
  }

  #filter(): void {
    this.#shown = matches(this.#input.value, this.#all()).slice(0, MOST_SHOWN);
    this.#list.replaceChildren(...this.#shown.map((entry, i) => option(entry, i)));
    this.#list.hidden = this.#shown.length === 0;
    const typed = this.#input.value.trim();
    this.#none.textContent = this.#shown.length > 0 ? "" : typed ? t("find.nobody_called", { name: typed }) : t("find.nobody");
    this.#none.hidden = this.#shown.length > 0;
    this.#select(0);
  }

  #select(at: number): void {
    this.#at = at;
    [...this.#list.children].forEach((element, i) => element.setAttribute("aria-selected", String(i === at)));
    const chosen = this.#list.children[at];
    this.#input.setAttribute("aria-activedescendant", chosen?.id ?? "");
    chosen?.scrollIntoView({ block: "nearest" });
  }

  #key(event: KeyboardEvent): void {
    const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (by !== 0) {
      event.preventDefault();
      const count = this.#shown.length;
      if (count > 0) this.#select((this.#at + by + count) % count);
    } else if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      this.#choose(this.#at);
    }
  }

  #choose(at: number): void {
    const entry = this.#shown[at];
    if (!entry) return;
    this.#dialog.close();
    this.#chosen(entry);
  }
}

function option({ id, name, place, avatar, locked }: Findable, at: number): HTMLLIElement {
  const room = h("span", { class: locked ? "room-sign private" : "room-sign" }, icon(locked ? "lock" : "people"));
  const sign = avatar === null ? room : face(id, name, avatar);
  const words = h("span", { class: "who" }, h("strong", { text: name }), h("small", { text: place }));
  return h("li", { id: `found-${at}`, class: "found", role: "option" }, sign, words);
}
