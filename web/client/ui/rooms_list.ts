/**
 * The zones as a list: who is where, the way there, and the link that opens a room.
 */
import { t } from "../i18n/words.ts";
import type { ZoneInfo } from "../net/messages.ts";
import { copyText } from "../pages/dialogs.ts";
import { h, iconButton } from "../shared/dom.ts";
import { icon } from "../shared/icons.ts";
import { zoneTitle } from "../shared/words.ts";
import { closedBy, zoneKind } from "./zone_kind.ts";

const CLOSED = { locked: t("rooms.locked"), full: t("rooms.full") } as const;

export interface RoomRow {
  zone: ZoneInfo;
  /** The others in it. */
  people: string[];
  here: boolean;
  /** I run the place. */
  mine: boolean;
}

export interface RoomsActions {
  walk: (zone: ZoneInfo) => void;
  change: (zone: ZoneInfo) => void;
  knock: (zone: ZoneInfo) => void;
  /** The link was put on the clipboard, or could not be. */
  copied: (zone: ZoneInfo, worked: boolean) => void;
}

export class RoomsList {
  readonly #list = h("ul", { class: "rooms" });
  readonly #actions: RoomsActions;
  readonly #rows = new Map<string, { element: HTMLLIElement; shown: string }>();

  constructor(place: HTMLElement, actions: RoomsActions) {
    this.#actions = actions;
    place.append(this.#list);
  }

  show(rooms: RoomRow[]): void {
    const seen = new Set(rooms.map(({ zone }) => zone.id));
    for (const [id, row] of this.#rows) {
      if (seen.has(id)) continue;
      row.element.remove();
      this.#rows.delete(id);
    }
    rooms.forEach((room, i) => {
      const element = this.#row(room);
      if (this.#list.children[i] !== element) this.#list.insertBefore(element, this.#list.children[i] ?? null);
    });
  }

  #row(room: RoomRow): HTMLLIElement {
    const { zone, people, here, mine } = room;
    let row = this.#rows.get(zone.id);
    if (!row) {
      row = { element: h("li", { class: "room", "data-zone": zone.id }), shown: "" };
      this.#rows.set(zone.id, row);
    }
    const shown = JSON.stringify([zone, people, here, mine]);
    if (row.shown === shown) return row.element;
    row.shown = shown;
    const focus = document.activeElement instanceof HTMLElement && row.element.contains(document.activeElement);
    const focused = focus ? (document.activeElement as HTMLElement).dataset["does"] : undefined;
    const title = zoneTitle(zone.name);
    const isPrivate = zone.type === "PRIVATE";
    const closed = closedBy(zone, people.length + Number(here));
    const kindOf = zoneKind(zone.type);
    const nobody = here ? "" : t("rooms.empty");
    const words = people.length === 0 ? nobody : people.join(", ");
    const kind = [
      here ? h("b", { text: t("rooms.here") }) : closed ? h("b", { text: CLOSED[closed] }) : kindOf.short,
      here && closed ? ` · ${CLOSED[closed]}` : "",
      words ? " · " : "",
    ];
    row.element.classList.toggle("here", here);
    row.element.replaceChildren(
      h("span", { class: `room-sign ${isPrivate ? "private" : "public"}` }, icon(kindOf.sign)),
      h(
        "span",
        { class: "who" },
        h("strong", {}, title),
        h("small", { title: words }, ...kind, words),
      ),
    );
    const buttons = h("span", { class: "person-buttons" });
    row.element.append(buttons);
    if (mine) {
      const change = iconButton("settings", t("room.change", { room: title }), "icon-button small");
      change.dataset["does"] = "change";
      change.addEventListener("click", () => this.#actions.change(zone));
      buttons.append(change);
    }
    if (zone.meeting_id !== null) {
      const link = iconButton("link", t("rooms.copy_link", { room: title }), "icon-button small");
      link.dataset["does"] = "link";
      link.addEventListener("click", () => void this.#copy(zone));
      buttons.append(link);
    }
    if (closed === "locked" && !mine && !here) {
      const knock = iconButton("knock", t("rooms.knock", { room: title }), "icon-button small");
      knock.dataset["does"] = "knock";
      knock.addEventListener("click", () => this.#actions.knock(zone));
      buttons.append(knock);
    }
    const walk = iconButton("walk", t("rooms.walk", { room: title }), "icon-button small");
    walk.dataset["does"] = "walk";
    walk.disabled = here;
    walk.addEventListener("click", () => this.#actions.walk(zone));
    buttons.append(walk);
    if (focused) row.element.querySelector<HTMLElement>(`[data-does=${focused}]`)?.focus();
    return row.element;
  }

  async #copy(zone: ZoneInfo): Promise<void> {
    const link = `${location.origin}/m/${zone.meeting_id}`;
    const worked = await copyText(link);
    // No clipboard without HTTPS or permission: the person copies by hand.
    if (!worked) window.prompt(t("world.link_is", { room: zoneTitle(zone.name) }), link);
    this.#actions.copied(zone, worked);
  }
}
