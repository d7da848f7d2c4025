/**
 * Keeps the lists of people and rooms true to the map: at once when somebody comes, goes or changes room,
 * twice a second while people walk.
 */
import { t } from "../i18n/words.ts";
import { roomOf } from "../game/hearing.ts";
import type { People } from "../game/people.ts";
import type { MediaFlags, Presence, ZoneInfo } from "../net/messages.ts";
import type { Volumes } from "../media/volumes.ts";
import { h } from "../shared/dom.ts";
import { icon } from "../shared/icons.ts";
import { keeps, manages } from "../shared/roles.ts";
import { zoneTitle } from "../shared/words.ts";
import type { Findable } from "./find.ts";
import { openLook } from "./look_dialog.ts";
import type { Panel } from "./panel.ts";
import { PeopleList } from "./people_list.ts";
import type { PersonRow } from "./person_row.ts";
import type { Removed } from "../pages/removal.ts";
import { openRoom } from "./room_dialog.ts";
import { RoomsList } from "./rooms_list.ts";
import { zoneKind } from "./zone_kind.ts";

const PACE_MS = 500;
const KEYS = /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘ K" : "Ctrl K";

export interface ListsActions {
  walkToPerson: (userId: string) => void;
  walkToZone: (zoneId: string) => void;
  follow: (userId: string) => void;
  mute: (userId: string) => void;
  /** False where it could not be sent. */
  knock: (zoneId: string) => boolean;
  remove: (person: Removed) => void;
  invite: () => void;
  write: (userId: string, name: string, avatar: string) => void;
  find: () => void;
  copied: (name: string, worked: boolean) => void;
  said: (words: string) => void;
}

const PRESENCE: Record<Presence, string> = { walker: "", guest: t("people.guest"), device: t("people.device") };

export class Lists {
  readonly #people: People;
  readonly #panel: Panel;
  readonly #list: PeopleList;
  readonly #rooms: RoomsList;
  readonly #volumes: Volumes;
  readonly #invite = h("button", { type: "button", class: "button small invite", text: t("people.invite"), hidden: true });
  #followed: string | null = null;
  #speaking: (userId: string) => boolean = () => false;
  #mine: MediaFlags = { mic: false, camera: false, screen: false };
  #me = { x: 0, y: 0 };
  #shownAt = 0;
  #due = false;

  constructor(panel: Panel, people: People, volumes: Volumes, actions: ListsActions) {
    this.#panel = panel;
    this.#people = people;
    this.#volumes = volumes;
    panel.bodies.people.append(
      h("button", { type: "button", class: "find-open", onclick: actions.find }, icon("search"), t("world.find"), h("kbd", { text: KEYS })),
    );
    this.#list = new PeopleList(panel.bodies.people, {
      walk: actions.walkToPerson,
      follow: actions.follow,
      changeLook: openLook,
      write: (userId) => {
        const { name, avatar } = people.others.get(userId) ?? { name: "", avatar: "" };
        actions.write(userId, name, avatar);
      },
      mute: actions.mute,
      remove: (id) => {
        const { name, presence } = people.others.get(id) ?? {};
        if (name !== undefined) actions.remove({ id, name, guest: presence !== "walker" });
      },
      volume: (userId, volume) => {
        volumes.set(userId, volume);
        this.changed();
      },
    });
    panel.bodies.people.append(this.#invite);
    this.#invite.addEventListener("click", actions.invite);
    this.#rooms = new RoomsList(panel.bodies.rooms, {
      walk: ({ id }) => actions.walkToZone(id),
      change: (zone) => openRoom(zone, actions.said),
      knock: (zone) => {
        if (actions.knock(zone.id)) actions.said(t("world.knocked", { room: zoneTitle(zone.name) }));
      },
      copied: (zone, worked) => actions.copied(zoneTitle(zone.name), worked),
    });
  }

  /** Who tells whether somebody speaks. */
  askSpeaking(speaking: (userId: string) => boolean): void {
    this.#speaking = speaking;
  }

  setFollowed(userId: string | null): void {
    this.#followed = userId;
    this.changed();
  }

  setMine(flags: MediaFlags): void {
    this.#mine = flags;
    this.changed();
  }

  /** Something that the lists show has changed: shown with the next turn, once. */
  changed(): void {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => this.#show());
  }

  /** One frame: who is near may have changed. */
  moved(now: number, me: { x: number; y: number } | null): void {
    if (me) this.#me = { x: me.x, y: me.y };
    if (now - this.#shownAt >= PACE_MS) this.changed();
  }

  /** Everybody and every room that can be walked to. */
  findable(): Findable[] {
    const { others, zones, me } = this.#people;
    return [
      ...[...others.values()].map(({ user_id: id, name, avatar, zone_id }) => ({ id, name, avatar, place: placeName(zones.get(zone_id ?? "")) })),
      ...[...zones.values()].map(({ id, name, type }) => ({
        id,
        name: zoneTitle(name),
        avatar: null,
        locked: type === "PRIVATE",
        place: id === me?.zone_id ? t("rooms.here") : zoneKind(type).long,
      })),
    ];
  }

  #show(): void {
    this.#due = false;
    this.#shownAt = performance.now();
    const { me, others, zones } = this.#people;
    if (!me) return;
    const myRoom = roomOf(me.zone_id, zones);
    const home: PersonRow["group"] = myRoom ? "here" : "near";
    const rows: PersonRow[] = [
      {
        id: me.user_id,
        name: me.name,
        avatar: me.avatar,
        me: true,
        group: home,
        place: placeName(zones.get(me.zone_id ?? "")),
        speaking: this.#speaking(me.user_id),
        volume: 1,
        followed: false,
        status: me.showing.status,
        writable: false,
        kept: false,
        ...this.#mine,
      },
    ];
    const inZone = new Map<string, string[]>();
    for (const { user_id: id, name, avatar, zone_id, presence, media, showing } of others.values()) {
      const heard = this.#people.gainOf(id, this.#me.x, this.#me.y, this.#shownAt) > 0;
      const place = [placeName(zones.get(zone_id ?? "")), PRESENCE[presence]].filter(Boolean).join(" · ");
      rows.push({
        id,
        name,
        avatar,
        me: false,
        group: heard ? home : "far",
        place,
        speaking: this.#speaking(id),
        volume: this.#volumes.of(id),
        followed: id === this.#followed,
        status: showing.status,
        writable: presence === "walker" && me.presence === "walker",
        kept: presence !== "device" && keeps(me.role),
        ...media,
      });
      if (zone_id !== null) inZone.set(zone_id, [...(inZone.get(zone_id) ?? []), name]);
    }
    this.#invite.hidden = !manages(me.role);
    this.#panel.setCount("people", rows.length);
    this.#list.show(rows);
    this.#rooms.show(
      [...zones.values()].map((zone) => ({
        zone,
        people: inZone.get(zone.id) ?? [],
        here: zone.id === me.zone_id,
        mine: zone.type === "PRIVATE" && manages(me.role),
      })),
    );
  }
}

function placeName(zone: ZoneInfo | undefined): string {
  return zone ? zoneTitle(zone.name) : t("world.in_the_open");
}
