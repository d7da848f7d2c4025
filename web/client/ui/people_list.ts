/**
 * Everybody in view as a list: the map's equal for keyboard and screen reader. Rows are kept and moved,
 * never rebuilt, so that the focus stays where it is.
 */
import { t } from "../i18n/words.ts";
import { h } from "../shared/dom.ts";
import { type PersonActions, PersonElement, type PersonRow } from "./person_row.ts";

const GROUPS = { here: t("people.here"), near: t("people.near"), far: t("people.far") } as const;

export class PeopleList {
  readonly #rows = new Map<string, PersonElement>();
  readonly #lists: Record<PersonRow["group"], { section: HTMLElement; list: HTMLUListElement; count: HTMLElement }>;
  readonly #empty = h("p", { class: "empty muted", text: t("people.empty") });
  readonly #actions: PersonActions;

  constructor(place: HTMLElement, actions: PersonActions) {
    this.#actions = actions;
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
      row = new PersonElement(person, this.#actions);
      this.#rows.set(person.id, row);
    }
    row.show(person);
    return row.element;
  }
}
