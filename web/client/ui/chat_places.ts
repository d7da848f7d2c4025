/**
 * Which chats are offered where I stand: those who hear me, my zone, everybody.
 */
import { type Chat, EVERYONE, NEARBY, type Place } from "../chat/chat.ts";
import type { ChatMe } from "../chat/chat.ts";
import type { People } from "../game/people.ts";
import { t } from "../i18n/words.ts";
import { zoneTitle } from "../shared/words.ts";

const MODERATORS: readonly string[] = ["owner", "admin", "moderator"];

export function chatMe({ me }: Pick<People, "me">): ChatMe | null {
  return me && { user_id: me.user_id, member: me.presence === "walker", moderates: MODERATORS.includes(me.role) };
}

export class ChatPlaces {
  readonly #chat: Chat;
  #room: string | null = null;

  constructor(chat: Chat) {
    this.#chat = chat;
  }

  /** I came, went into another zone, or zones were edited. */
  show({ me, zones, myRoom }: Pick<People, "me" | "zones" | "myRoom">): void {
    const room = myRoom?.id ?? null;
    const zone = me?.zone_id != null ? zones.get(me.zone_id) : undefined;
    const places: Place[] = [{ ...NEARBY, title: t("chat.nearby"), placeholder: t("chat.to_nearby") }];
    if (zone) {
      const title = zoneTitle(zone.name);
      const placeholder = t(zone.type === "PRIVATE" ? "chat.to_room" : "chat.to_zone", { room: title });
      places.push({ scope: "zone", to: zone.id, title, placeholder });
    }
    if (me?.presence === "walker") places.push({ ...EVERYONE, title: t("chat.everyone"), placeholder: t("chat.to_everyone") });
    this.#chat.setPlaces(places);
    if (this.#room !== null && this.#room !== room) this.#chat.leftRoom(this.#room);
    this.#room = room;
  }
}
