/**
 * Everybody in view as a list: the map's equal for keyboard and screen reader. Rows are kept and moved,
 * never rebuilt, so that the focus stays where it is.
 */
import { h, iconButton } from "../shared/dom.ts";
import { face } from "../shared/face.ts";
import { type IconName, icon } from "../shared/icons.ts";

export interface PersonRow {
  id: string;
  name: string;
  avatar: string;
  me: boolean;
  group: "here" | "near" | "far";
  /** Zone and presence in words. */
  place: string;
  mic: boolean;
  camera: boolean;
  screen: boolean;
  speaking: boolean;
}

const GROUPS = { here: "In this room", near: "Near you", far: "Elsewhere" } as const;

interface Row {
  element: HTMLLIElement;
  shown: string;
}

export class PeopleList {
  readonly #rows = new Map<string, Row>();
  readonly #lists: Record<PersonRow["group"], { section: HTMLElement; list: HTMLUListElement; count: HTMLElement }>;
  readonly #empty = h("p", { class: "empty muted", text: "Nobody else is here yet. Invite somebody, or take a walk." });
  readonly #walk: (userId: string) => void;

  constructor(place: HTMLElement, walk: (userId: string) => void) {
    this.#walk = walk;
    const group = (name: PersonRow["group"]) => {
      const count = h("span", { class: "count" });
      const list = h("ul", { class: "people" });
      const section = h("section", { "aria-label": GROUPS[name], hidden: true }, h("h3", {}, GROUPS[name], " ", count), list);
      place.append(section);
      return { section, list, count };
    };
    this.#lists = { here: group("here"), near: group("near"), far: group("far") };
    place.append(this.#empty);
  }

  show(people: PersonRow[]): void {
    const seen = new Set<string>();
    const order: Record<PersonRow["group"], HTMLLIElement[]> = { here: [], near: [], far: [] };
    people.sort((a, b) => Number(b.me) - Number(a.me) || a.name.localeCompare(b.name, undefined, { numeric: true }) || (a.id < b.id ? -1 : 1));
    for (const person of people) {
      seen.add(person.id);
      order[person.group].push(this.#row(person));
    }
    for (const [id, row] of this.#rows) {
      if (seen.has(id)) continue;
      row.element.remove();
      this.#rows.delete(id);
    }
    for (const [name, { section, list, count }] of Object.entries(this.#lists)) {
      const rows = order[name as PersonRow["group"]];
      section.hidden = rows.length === 0;
      if (count.textContent !== String(rows.length)) count.textContent = String(rows.length);
      rows.forEach((element, i) => {
        if (list.children[i] !== element) list.insertBefore(element, list.children[i] ?? null);
      });
    }
    this.#empty.hidden = people.length > 1;
  }

  #row(person: PersonRow): HTMLLIElement {
    let row = this.#rows.get(person.id);
    if (!row) {
      row = { element: h("li", { class: "person", "data-user": person.id }), shown: "" };
      this.#rows.set(person.id, row);
    }
    row.element.classList.toggle("speaking", person.speaking);
    const { speaking: _, group: __, ...parts } = person;
    const shown = JSON.stringify(parts);
    if (row.shown === shown) return row.element;
    row.shown = shown;
    const focused = row.element.contains(document.activeElement);
    const signs: [boolean, IconName, string][] = [
      [person.screen, "screen", "shares the screen"],
      [person.camera, "camera", "camera on"],
      [person.mic, "mic", "microphone on"],
      [!person.mic, "mic_off", "muted"],
    ];
    row.element.replaceChildren(
      face(person.id, person.name, person.avatar),
      h("span", { class: "who" }, h("strong", {}, person.me ? `${person.name} (you)` : person.name), h("small", {}, person.place)),
      h("span", { class: "signs" }, ...signs.filter(([on]) => on).map(([, name, words]) => sign(name, words))),
    );
    if (!person.me) {
      const walk = iconButton("walk", `Walk to ${person.name}`, "icon-button small");
      walk.addEventListener("click", () => this.#walk(person.id));
      row.element.append(walk);
      if (focused) walk.focus();
    }
    return row.element;
  }
}

function sign(name: IconName, words: string): HTMLElement {
  return h("span", { class: `sign sign-${name}`, title: words }, icon(name), h("span", { class: "visually-hidden", text: `${words} ` }));
}
