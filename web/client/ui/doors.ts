/**
 * The doors of private rooms: why one did not open, who knocks at mine, and which was opened to me. What else the world
 * refuses of what a button asked for is said here too.
 */
import { t } from "../i18n/words.ts";
import type { DoorOpened, Error as Refusal, Knocked } from "../net/messages.ts";
import { refusalOf } from "../shared/refusals.ts";
import type { Toasts } from "./notices.ts";

/** What buttons ask for, by the `ref` of its refusal. */
const ASKED: readonly unknown[] = ["emote", "mute", "knock", "let_in"];

export interface DoorActions {
  letIn: (userId: string) => void;
  showRooms: () => void;
  walkIn: (zoneId: string) => void;
}

export class Doors {
  readonly #toasts: Toasts;
  readonly #actions: DoorActions;

  constructor(toasts: Toasts, actions: DoorActions) {
    this.#toasts = toasts;
    this.#actions = actions;
  }

  refused(message: Refusal): void {
    // A step is refused by its number.
    if (message.code === "room_locked" && typeof message.ref === "number") {
      this.#toasts.show(t("world.door_locked"), "bad", "door", { label: t("rooms.tab"), run: this.#actions.showRooms });
    } else if (message.code === "room_full" || ASKED.includes(message.ref)) this.#toasts.show(refusalOf(message), "bad");
  }

  knocked({ user_id: id, name }: Knocked): void {
    this.#toasts.show(t("world.knocks", { name }), "room", `knock ${id}`, { label: t("world.let_in"), run: () => this.#actions.letIn(id) });
  }

  opened({ zone_id: zoneId, name }: DoorOpened): void {
    this.#toasts.show(t("world.door_opened", { name }), "room", "door");
    this.#actions.walkIn(zoneId);
  }
}
