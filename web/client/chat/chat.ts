/**
 * The chat: one log, a chooser of channels above it, and where one writes below.
 *
 * What is said comes from the world's messages; history, marks and files from the HTTP API (history.ts). A
 * channel is marked as read when its last line is on the screen.
 */
import { listed, t } from "../i18n/words.ts";
import type { ChatFileInfo, ClientMessage, Emote, ServerMessage } from "../net/messages.ts";
import { ApiError } from "../pages/api.ts";
import { refusalOf } from "../shared/refusals.ts";
import { type ChatLine, Channels, type Channel, EVERYONE, keyOf, NEARBY, type Where } from "./channels.ts";
import { Chooser, type Offered } from "./chooser.ts";
import { Composer } from "./composer.ts";
import type { History } from "./history.ts";
import { Log } from "./log.ts";
import { Marks } from "./marks.ts";
import { Unanswered } from "./unanswered.ts";

export interface ChatMe {
  readonly user_id: string;
  /** Guests have no history and write to their room only. */
  readonly member: boolean;
  /** May take back others' lines. */
  readonly moderates: boolean;
}

export interface ChatParts {
  place: HTMLElement;
  history: History;
  me: () => ChatMe | null;
  avatarOf: (userId: string) => string;
  /** The name of a zone that is not a place of mine; null: it is not known. */
  zoneName: (zoneId: string) => string | null;
  /** False: we are not connected (and the person was told). */
  send: (message: ClientMessage) => boolean;
  /** Whether the log is on the screen. */
  shown: () => boolean;
  unread: (count: number) => void;
  problem: (words: string) => void;
}

/** A channel that is always offered. */
export interface Place extends Where {
  readonly title: string;
  readonly placeholder: string;
}

export class Chat {
  readonly channels = new Channels();
  readonly #parts: ChatParts;
  readonly #chooser = new Chooser((where) => this.choose(where));
  readonly #log: Log;
  readonly #marks: Marks;
  readonly #composer: Composer;
  /** What was begun stays with its channel: nothing meant for a room is sent outside it. */
  readonly #drafts = new Map<string, string>();
  readonly #addresses = new Map<string, Promise<string>>();
  readonly #unanswered = new Unanswered();
  #places: readonly Place[] = [];
  #chosen: Where = NEARBY;
  #loading = false;
  #local = 0;

  constructor(parts: ChatParts) {
    this.#parts = parts;
    this.#composer = new Composer((text, file) => this.#say(text, file));
    this.#marks = new Marks(parts.history);
    this.#log = new Log(
      {
        react: ({ id }, reaction, on) => void parts.send({ type: "chat_react", id, reaction, on }),
        remove: ({ id }) => void parts.send({ type: "chat_delete", id }),
        address: (file) => this.#address(file),
      },
      { top: () => void this.#older(), end: () => this.read() },
    );
    parts.place.append(this.#chooser.element, this.#log.element, this.#composer.element);
    this.#composer.acceptDrops(parts.place);
  }

  get chosen(): Where {
    return this.#chosen;
  }

  /** The channels that are offered whatever was said; the first is chosen where the chosen one is gone. */
  setPlaces(places: readonly Place[]): void {
    const gone = this.#places.filter((old) => old.scope === "zone" && !places.some((place) => keyOf(place) === keyOf(old)));
    this.#places = places;
    const chosen = keyOf(this.#chosen);
    const there = places.some((place) => keyOf(place) === chosen) || this.#chosen.scope === "direct" || this.#chosen.scope === "zone";
    const lost = gone.some((place) => keyOf(place) === chosen);
    const zone = lost ? places.find(({ scope }) => scope === "zone") : undefined;
    if (lost || !there) this.choose(zone ?? places[0] ?? NEARBY);
    else this.#showChooser();
    this.#describe();
  }

  /** What was said in this private room stays in it. */
  leftRoom(zoneId: string): void {
    this.channels.forget({ scope: "zone", to: zoneId });
    this.#drafts.delete(`zone:${zoneId}`);
    if (keyOf(this.#chosen) === `zone:${zoneId}`) this.choose(this.#places.find(({ to }) => to !== zoneId) ?? NEARBY);
    this.#tellUnread();
  }

  /** A talk with one person. */
  openDirect(userId: string, name: string, avatar: string): void {
    const channel = this.channels.at({ scope: "direct", to: userId });
    channel.name = name;
    channel.avatar = avatar;
    this.choose(channel);
    this.focus();
  }

  focus(): void {
    this.#composer.focus();
  }

  /** The log came onto the screen. */
  read(): void {
    const channel = this.channels.at(this.#chosen);
    if (!this.#parts.shown() || document.hidden) return;
    if (channel.unread > 0) {
      channel.unread = 0;
      this.#showChooser();
      this.#tellUnread();
    }
    if (!channel.fetched) void this.#newest(channel);
    else this.#mark(channel);
  }

  /** Takes what concerns the chat. */
  handle(message: ServerMessage): void {
    if (message.type === "welcome") void this.#connected();
    else if (message.type === "chat") {
      const id = message.id ?? "";
      const kept = id !== "";
      this.#add({
        ...message,
        id: kept ? id : `local-${(this.#local += 1)}`,
        to: message.to ?? null,
        file: message.file ?? null,
        reactions: [],
      });
    } else if (message.type === "chat_reacted") {
      const mine = message.user_id === this.#parts.me()?.user_id ? message.on : null;
      this.#changed(this.channels.react(message.id, message.reaction, message.count, mine));
    } else if (message.type === "chat_deleted") this.#changed(this.channels.remove(message.id));
    else if (message.type === "error" && typeof message.ref === "string" && message.ref.startsWith("chat")) {
      if (message.ref === "chat") this.#giveBack();
      this.#parts.problem(refusalOf(message));
    }
  }

  /** Shows this channel. */
  choose(where: Where): void {
    const key = keyOf(where);
    if (key !== keyOf(this.#chosen)) {
      this.#drafts.set(keyOf(this.#chosen), this.#composer.draft);
      this.#composer.draft = this.#drafts.get(key) ?? "";
      this.#composer.attach(null);
    }
    this.#chosen = { scope: where.scope, to: where.to };
    this.#showChooser();
    this.#describe();
    this.#showAll();
    this.#log.toEnd();
    this.read();
  }

  // --- lines -----------------------------------------------------------------------------------

  #add(line: ChatLine): void {
    const mine = line.user_id === this.#parts.me()?.user_id;
    if (mine) this.#unanswered.came(line, line.file !== null);
    if (!this.channels.add(line)) return;
    const channel = this.channels.at(line);
    if (channel.scope === "direct" && !mine) {
      channel.name = line.name;
      channel.avatar = this.#parts.avatarOf(line.user_id);
    }
    const open = channel.key === keyOf(this.#chosen);
    const seen = open && this.#parts.shown() && !document.hidden;
    if (!seen && !mine) channel.unread += 1;
    if (open) {
      const follow = mine || this.#log.atEnd();
      this.#showAll();
      if (follow) this.#log.toEnd();
      if (seen) this.#mark(channel);
    }
    this.#showChooser();
    this.#tellUnread();
  }

  #changed(channel: Channel | null): void {
    if (channel && channel.key === keyOf(this.#chosen)) this.#showAll();
  }

  async #say(text: string, file: File | null): Promise<boolean> {
    const { scope, to } = this.#chosen;
    let id: string | undefined;
    if (file) {
      try {
        ({ id } = await this.#parts.history.upload({ scope, to }, file));
      } catch (error) {
        this.#parts.problem(error instanceof ApiError ? error.message : t("chat.not_sent"));
        return false;
      }
    }
    const sent = this.#parts.send({ type: "chat", text, scope, to, ...(id === undefined ? {} : { file: id }) });
    if (sent) this.#unanswered.said({ scope, to }, text, file);
    return sent;
  }

  /** A line that was not taken is a draft again, unless another one was begun. */
  #giveBack(): void {
    const refused = this.#unanswered.refused();
    if (!refused) return;
    const key = keyOf(refused.where);
    if (key === keyOf(this.#chosen)) this.#composer.giveBack(refused.text, refused.file);
    else if (!this.#drafts.get(key)) this.#drafts.set(key, refused.text);
  }

  #address(file: ChatFileInfo): Promise<string> {
    const address = this.#addresses.get(file.id) ?? this.#parts.history.address(file);
    this.#addresses.set(file.id, address);
    return address;
  }

  // --- history ---------------------------------------------------------------------------------

  /** (Again) connected: what is unread is asked for, and what was fetched may be behind. */
  async #connected(): Promise<void> {
    this.#unanswered.forget();
    const me = this.#parts.me();
    if (!me?.member) {
      for (const channel of this.channels.all) channel.more = false;
      return;
    }
    this.channels.stale();
    const before = new Map(this.channels.all.map(({ key, unread }) => [key, unread]));
    try {
      for (const talk of await this.#parts.history.talks()) {
        const channel = this.channels.at(talk);
        // What came while we asked may not be counted in the answer yet.
        channel.unread = Math.max(talk.unread, channel.unread - (before.get(channel.key) ?? 0));
        if (talk.scope === "direct") Object.assign(channel, { name: talk.name, avatar: talk.avatar });
      }
    } catch {
      return; // unread marks are a courtesy; opening a channel tells what is wrong
    }
    this.#showChooser();
    this.#tellUnread();
    this.read();
  }

  async #newest(channel: Channel): Promise<void> {
    if (!this.#parts.me()?.member || this.#loading) return;
    await this.#fetch(channel, null);
    this.#log.toEnd();
    if (channel.key === keyOf(this.#chosen) && channel.fetched) this.read();
  }

  async #older(): Promise<void> {
    const channel = this.channels.at(this.#chosen);
    const first = channel.lines[0];
    if (!channel.fetched || !channel.more || !first || this.#loading || !this.#parts.me()?.member) return;
    const { height } = this.#log;
    await this.#fetch(channel, first.id);
    this.#log.keepPlace(height);
  }

  async #fetch(channel: Channel, before: string | null): Promise<void> {
    this.#loading = true;
    try {
      const { lines, more } = await this.#parts.history.lines(channel, before);
      this.channels.addPage(channel, lines, more, before);
      if (channel.key === keyOf(this.#chosen)) this.#showAll();
    } catch (error) {
      channel.fetched = true; // not again and again
      if (!(error instanceof ApiError && error.status === 404)) this.#parts.problem(t("chat.no_history"));
    } finally {
      this.#loading = false;
    }
  }

  #mark(channel: Channel): void {
    const id = this.channels.lastKept(channel);
    if (id !== null && this.#parts.me()?.member) this.#marks.mark(channel, id);
  }

  // --- what is shown ---------------------------------------------------------------------------

  #tellUnread(): void {
    this.#parts.unread(this.#offered().reduce((sum, { unread }) => sum + unread, 0));
  }

  #offered(): Offered[] {
    const placed = new Set(this.#places.map(keyOf));
    const directs = this.channels.all.filter(({ scope, key }) => scope === "direct" && !placed.has(key));
    directs.sort((a, b) => ((a.lines.at(-1)?.id ?? "") < (b.lines.at(-1)?.id ?? "") ? 1 : -1));
    // What was written in another open zone is offered until it is read, and as long as it is looked at.
    const chosen = keyOf(this.#chosen);
    const zones = this.channels.all.filter(({ scope, key, unread }) => scope === "zone" && !placed.has(key) && (unread > 0 || key === chosen));
    const named = zones.flatMap((channel) => {
      const title = this.#parts.zoneName(channel.to ?? "");
      return title === null ? [] : [{ where: channel, title, unread: channel.unread }];
    });
    return [
      ...this.#places.map((place) => ({ where: place, title: place.title, unread: this.channels.at(place).unread })),
      ...named,
      ...directs.map((channel) => ({ where: channel, title: channel.name || t("chat.somebody"), unread: channel.unread })),
    ];
  }

  #showChooser(): void {
    this.#chooser.show(this.#offered(), this.#chosen);
  }

  #describe(): void {
    const { scope, to } = this.#chosen;
    const place = this.#places.find((one) => keyOf(one) === keyOf(this.#chosen));
    const name = scope === "direct" ? this.channels.at({ scope, to }).name : (this.#parts.zoneName(to ?? "") ?? "");
    this.#composer.placeholder = place?.placeholder ?? (scope === "zone" ? t("chat.to_zone", { room: name }) : t("chat.to_person", { name }));
    this.#composer.setFiles(scope !== "nearby" && this.#parts.me()?.member === true);
    const titles = listed(this.#places.map(({ title }) => title));
    this.#log.empty = scope === "nearby" ? t("chat.empty_nearby", { places: titles }) : t("chat.empty");
  }

  /** The lines of the chosen channel. */
  #showAll(): void {
    const me = this.#parts.me();
    this.#log.show(this.channels.at(this.#chosen).lines, (line) => {
      const mine = line.user_id === me?.user_id;
      const kept = !line.id.startsWith("local-");
      return {
        mine,
        avatar: this.#parts.avatarOf(line.user_id),
        mayReact: kept,
        mayRemove: kept && (mine || (me?.moderates === true && line.scope !== "direct")),
      };
    });
  }
}

export { EVERYONE, NEARBY };
