/**
 * Says in which zone I am, and whenever I go into a private room or a silent zone or out of it: it changes who hears me.
 */
import { t } from "../i18n/words.ts";
import type { People } from "../game/people.ts";
import { byId } from "../shared/dom.ts";
import { zoneTitle } from "../shared/words.ts";
import type { Toasts } from "./notices.ts";

export class Place {
  readonly #toasts: Toasts;
  /** The private room or silent zone that was said last. */
  #room: string | null = null;

  constructor(toasts: Toasts) {
    this.#toasts = toasts;
  }

  show({ me, zones, myRoom }: Pick<People, "me" | "zones" | "myRoom">): void {
    const zone = me?.zone_id != null ? zones.get(me.zone_id) : undefined;
    byId("zone-name").textContent = zone ? zoneTitle(zone.name) : t("world.in_the_open");
    byId("place").classList.toggle("private", myRoom !== null);
    const special = zone && zone.type !== "PUBLIC" ? zone : null;
    const room = special?.id ?? null;
    if (room === this.#room) return;
    this.#room = room;
    if (special) {
      const words = { room: zoneTitle(special.name) };
      const said = special.type === "SILENT" ? t("world.entered_silent", words) : t("world.entered_room", words);
      this.#toasts.show(said, "room", "place");
    } else this.#toasts.show(t("world.left_room"), "plain", "place");
  }
}
