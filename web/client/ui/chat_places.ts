/**
 * The chat in the panel, and which chats are offered where I stand: those who hear me, my zone, everybody.
 */
import { Chat, type ChatMe, EVERYONE, NEARBY, type Place } from "../chat/chat.ts";
import { History } from "../chat/history.ts";
import type { People } from "../game/people.ts";
import { t } from "../i18n/words.ts";
import type { Connection } from "../net/connection.ts";
import { keeps } from "../shared/roles.ts";
import { zoneTitle } from "../shared/words.ts";
import type { Toasts } from "./notices.ts";
import type { Panel } from "./panel.ts";

export interface ChatParts {
  panel: Panel;
  people: People;
  toasts: Toasts;
  connection: Connection;
}

/** The chat of a server's world, in the panel's tab. */
export function worldChat(serverId: string, { panel, people, toasts, connection }: ChatParts): Chat {
  return new Chat({
    place: panel.bodies.chat,
    history: new History(serverId),
    me: () => chatMe(people),
    avatarOf: (userId) => people.avatarOf(userId),
    zoneName: (zoneId) => {
      const zone = people.zones.get(zoneId);
      return zone ? zoneTitle(zone.name) : null;
    },
    shown: () => panel.chatShown,
    unread: (count) => panel.setUnread(count),
    problem: (words) => toasts.show(words, "bad"),
    send: (message) => {
      const sent = connection.send(message);
      if (!sent) toasts.show(t("world.line_not_sent"), "bad");
      return sent;
    },
  });
}

function chatMe({ me }: Pick<People, "me">): ChatMe | null {
  return me && { user_id: me.user_id, member: me.presence === "walker", moderates: keeps(me.role) };
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
