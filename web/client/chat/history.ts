/**
 * The chat's HTTP side: pages of history, marks of reading, files. Members only; a guest has the live lines
 * and reads files with the seat's ticket.
 */
import type { ChatFileInfo } from "../net/messages.ts";
import { api, ApiError, errorOf } from "../pages/api.ts";
import { t } from "../i18n/words.ts";
import type { ChatLine, ChatScope, Where } from "./channels.ts";

const PAGE = 50;

export interface Talk {
  scope: ChatScope;
  to: string | null;
  last_id: string | null;
  unread: number;
  name: string;
  avatar: string;
}

export class History {
  readonly #base: string;
  readonly #ticket: string | null;

  /** `ticket`: a guest's seat. */
  constructor(serverId: string, ticket: string | null = null) {
    this.#base = `/api/servers/${encodeURIComponent(serverId)}`;
    this.#ticket = ticket;
  }

  async talks(): Promise<Talk[]> {
    return (await api<{ talks: Talk[] }>("GET", `${this.#base}/chat`)).talks;
  }

  lines(where: Where, before: string | null): Promise<{ lines: ChatLine[]; more: boolean }> {
    const query = asked(where);
    query.set("limit", String(PAGE));
    if (before !== null) query.set("before", before);
    return api("GET", `${this.#base}/chat/lines?${query}`);
  }

  async read({ scope, to }: Where, id: string): Promise<void> {
    // Also while the page is going away.
    await fetch(`${this.#base}/chat/read`, {
      method: "POST",
      body: JSON.stringify({ scope, to, id }),
      headers: { "Content-Type": "application/json" },
      keepalive: true,
    });
  }

  /** Uploads a file for this channel. Throws ApiError. */
  async upload(where: Where, file: File): Promise<ChatFileInfo> {
    const query = asked(where);
    query.set("name", file.name);
    let answer: Response;
    try {
      answer = await fetch(`${this.#base}/files?${query}`, {
        method: "POST",
        body: file,
        headers: { "Content-Type": "application/octet-stream" },
      });
    } catch {
      throw new ApiError(0, "unreachable", t("error.unreachable"));
    }
    const told: unknown = await answer.json().catch(() => null);
    if (!answer.ok) throw errorOf(answer.status, told);
    return told as ChatFileInfo;
  }

  /** An address that the browser may show or save; for a guest the bytes themselves. */
  async address({ id }: ChatFileInfo): Promise<string> {
    const path = `/api/files/${encodeURIComponent(id)}`;
    if (this.#ticket === null) return path;
    const answer = await fetch(path, { headers: { Authorization: `Bearer ${this.#ticket}` } });
    if (!answer.ok) throw errorOf(answer.status, await answer.json().catch(() => null));
    return URL.createObjectURL(await answer.blob());
  }
}

function asked({ scope, to }: Where): URLSearchParams {
  const query = new URLSearchParams({ scope });
  if (to !== null) query.set("to", to);
  return query;
}
