/**
 * All chats of one page: their lines, what is unread, and what is still to be fetched. Pure: no DOM, no network.
 *
 * A kept line has an id that sorts by time, so lines that come live and by page are put together by id,
 * whichever is first. Lines of a private room are forgotten when one leaves it: its chat keeps to its walls.
 */
import type { ChatFileInfo, ChatMessage, Emote } from "../net/messages.ts";

export type ChatScope = ChatMessage["scope"];

/** In memory, of one channel; older ones are fetched again when one scrolls back. */
export const MOST_LINES = 500;

export interface Reaction {
  readonly reaction: Emote;
  readonly count: number;
  readonly mine: boolean;
}

export interface ChatLine {
  /** `local-…` for a line that is not kept. */
  readonly id: string;
  readonly user_id: string;
  readonly name: string;
  readonly text: string;
  readonly scope: ChatScope;
  readonly at: number;
  readonly to: string | null;
  readonly file: ChatFileInfo | null;
  readonly reactions: readonly Reaction[];
}

export interface Where {
  readonly scope: ChatScope;
  /** The zone, or the person. */
  readonly to: string | null;
}

export interface Channel extends Where {
  readonly key: string;
  /** In order of time. */
  readonly lines: ChatLine[];
  /** Older lines are to be had. */
  more: boolean;
  /** Whether the newest page was fetched since the last (re)connection. */
  fetched: boolean;
  unread: number;
  /** Of the person of a direct talk. */
  name: string;
  avatar: string;
}

export const NEARBY: Where = { scope: "nearby", to: null };
export const EVERYONE: Where = { scope: "server", to: null };

export function keyOf({ scope, to }: Where): string {
  return scope === "zone" || scope === "direct" ? `${scope}:${to ?? ""}` : scope;
}

export class Channels {
  readonly #channels = new Map<string, Channel>();

  get all(): Channel[] {
    return [...this.#channels.values()];
  }

  /** The channel, made when it is new. */
  at(where: Where): Channel {
    const key = keyOf(where);
    let channel = this.#channels.get(key);
    if (!channel) {
      const kept = where.scope !== "nearby";
      channel = { ...where, key, lines: [], more: kept, fetched: !kept, unread: 0, name: "", avatar: "" };
      this.#channels.set(key, channel);
    }
    return channel;
  }

  /** Forgets a channel with all its lines. */
  forget(where: Where): void {
    this.#channels.delete(keyOf(where));
  }

  /** Takes a line; false when it was there already. */
  add(line: ChatLine): boolean {
    const { lines } = this.at(line);
    let place = lines.length;
    // Lines come nearly in order: the place is looked for from the end.
    while (place > 0 && isLater(lines[place - 1] as ChatLine, line)) place -= 1;
    if (lines[place - 1]?.id === line.id) return false;
    lines.splice(place, 0, line);
    const channel = this.at(line);
    if (lines.length > MOST_LINES) {
      lines.splice(0, lines.length - MOST_LINES);
      channel.more = channel.scope !== "nearby";
    }
    return true;
  }

  /** A fetched page: the newest one (`before` null), or the one before the first line. */
  addPage(where: Where, page: readonly ChatLine[], more: boolean, before: string | null): void {
    const channel = this.at(where);
    if (before === null) {
      // After a pause there may be a hole between what is here and the newest page.
      const first = page[0];
      const joined = first !== undefined && channel.lines.some(({ id }) => id === first.id);
      channel.more = joined ? channel.more : more;
      channel.fetched = true;
      // What is newer than the page was said while it was asked for. What is not in it was taken back.
      const last = page.at(-1);
      const older = channel.lines.filter((line) => joined && isLater(first, line));
      const newer = channel.lines.filter((line) => !last || isLater(line, last));
      channel.lines.splice(0, channel.lines.length, ...older, ...page, ...newer);
      return;
    }
    const known = new Set(channel.lines.map(({ id }) => id));
    channel.lines.unshift(...page.filter(({ id }) => !known.has(id)));
    channel.more = more;
  }

  /** Everything that was fetched may be behind now. */
  stale(): void {
    for (const channel of this.#channels.values()) if (channel.scope !== "nearby") channel.fetched = false;
  }

  react(id: string, reaction: Emote, count: number, mine: boolean | null): Channel | null {
    return this.#change(id, (line) => {
      const before = line.reactions.find((one) => one.reaction === reaction);
      const others = line.reactions.filter((one) => one.reaction !== reaction);
      const one = { reaction, count, mine: mine ?? before?.mine ?? false };
      return { ...line, reactions: count > 0 ? [...others, one] : others };
    });
  }

  /** The line was taken back. */
  remove(id: string): Channel | null {
    for (const channel of this.#channels.values()) {
      const place = channel.lines.findIndex((line) => line.id === id);
      if (place < 0) continue;
      channel.lines.splice(place, 1);
      return channel;
    }
    return null;
  }

  /** The last line that is kept: what one has read up to. */
  lastKept(where: Where): string | null {
    return this.at(where).lines.findLast(({ id }) => !id.startsWith("local-"))?.id ?? null;
  }

  #change(id: string, change: (line: ChatLine) => ChatLine): Channel | null {
    for (const channel of this.#channels.values()) {
      const place = channel.lines.findIndex((line) => line.id === id);
      const line = channel.lines[place];
      if (!line) continue;
      channel.lines[place] = change(line);
      return channel;
    }
    return null;
  }
}

/** Whether `one` was said after `other`. */
function isLater(one: ChatLine, other: ChatLine): boolean {
  if (one.id.startsWith("local-") || other.id.startsWith("local-")) return one.at > other.at;
  return one.id > other.id;
}
