/**
 * Says in which zone I am, and whenever I go into a private room or out of it: it changes who hears me.
 */
import { t } from "../i18n/words.ts";
import type { People } from "../game/people.ts";
import { byId } from "../shared/dom.ts";
import { zoneTitle } from "../shared/words.ts";
import type { Toasts } from "./notices.ts";

export class Place {
  readonly #toasts: Toasts;
  /** The private room that was said last. */
  #room: string | null = null;

  constructor(toasts: Toasts) {
    this.#toasts = toasts;
  }

  show({ me, zones, myRoom }: Pick<People, "me" | "zones" | "myRoom">): void {
    const zone = me?.zone_id != null ? zones.get(me.zone_id) : undefined;
    byId("zone-name").textContent = zone ? zoneTitle(zone.name) : t("world.in_the_open");
    byId("place").classList.toggle("private", myRoom !== null);
    const room = myRoom?.id ?? null;
    if (room === this.#room) return;
    this.#room = room;
    if (myRoom) this.#toasts.show(t("world.entered_room", { room: zoneTitle(myRoom.name) }), "room", "place");
    else this.#toasts.show(t("world.left_room"), "plain", "place");
  }
}
