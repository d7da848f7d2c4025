/**
 * The chat: lines of those who are near and of the whole server.
 */
import type { ChatMessage } from "../net/messages.ts";
import type { People } from "../game/people.ts";
import { h, iconButton } from "../shared/dom.ts";
import { face } from "../shared/face.ts";

export type Scope = ChatMessage["scope"];

/** As many lines are kept; older ones go. */
const MOST_LINES = 500;
/** Lines of one person within this time stand together. */
const TOGETHER_MS = 3 * 60_000;

export class Chat {
  readonly #log = h("div", { class: "lines", role: "log", "aria-label": "Chat", tabindex: "0" });
  readonly #empty = h("p", { class: "empty muted" });
  readonly #input = h("textarea", { class: "input", rows: "1", maxlength: "2000", "aria-label": "Message", enterkeyhint: "send" });
  readonly #scopes = new Map<Scope, HTMLButtonElement>();
  #scope: Scope = "nearby";
  #last: ChatMessage | null = null;
  readonly #people: People;

  constructor(place: HTMLElement, people: People, send: (text: string, scope: Scope) => boolean) {
    this.#people = people;
    const button = iconButton("send", "Send", "icon-button send");
    button.type = "submit";
    const chooser = h("div", { class: "scopes", role: "group", "aria-label": "Who reads it" });
    for (const [scope, words] of [["nearby", "Nearby"], ["server", "Everyone"]] as const) {
      const choice = h("button", { type: "button", class: "scope", text: words });
      choice.addEventListener("click", () => this.#choose(scope));
      this.#scopes.set(scope, choice);
      chooser.append(choice);
    }
    const form = h("form", { class: "write" }, chooser, h("div", { class: "write-line" }, this.#input, button));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = this.#input.value.trim();
      if (text === "" || !send(text, this.#scope)) return;
      this.#input.value = "";
    });
    this.#input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        form.requestSubmit();
      } else if (event.key === "Escape") this.#input.blur();
    });
    place.append(h("div", { class: "log-holder" }, this.#empty, this.#log), form);
    this.#choose("nearby");
  }

  focus(): void {
    this.#input.focus();
  }

  add(line: ChatMessage): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#log;
    const atEnd = scrollHeight - scrollTop - clientHeight < 40;
    const mine = line.user_id === this.#people.me?.user_id;
    const last = this.#last;
    const follows = last?.user_id === line.user_id && last.scope === line.scope && line.at - last.at < TOGETHER_MS;
    const when = new Date(line.at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    const element = h("div", { class: `line${follows ? " follows" : ""}${mine ? " mine" : ""}` });
    if (!follows) {
      const head = h("span", { class: "line-head" }, h("strong", {}, mine ? "You" : line.name), h("time", {}, when));
      if (line.scope === "server") head.append(h("span", { class: "badge", text: "Everyone" }));
      element.append(face(line.user_id, line.name, this.#people.avatarOf(line.user_id)), head);
    }
    element.append(h("p", { class: "line-text" }, ...withLinks(line.text)));
    this.#log.append(element);
    while (this.#log.childElementCount > MOST_LINES) this.#log.firstElementChild?.remove();
    this.#last = line;
    this.#empty.hidden = true;
    if (atEnd || mine) this.#log.scrollTop = this.#log.scrollHeight;
  }

  #choose(scope: Scope): void {
    this.#scope = scope;
    for (const [name, button] of this.#scopes) button.setAttribute("aria-pressed", String(name === scope));
    const nearby = scope === "nearby";
    this.#input.placeholder = nearby ? "To those who hear you…" : "To everyone on this server…";
    this.#empty.textContent = "Nothing was said yet. “Nearby” reaches those who hear you, “Everyone” the whole server.";
  }
}

/** Text with its web addresses as links. */
function withLinks(text: string): (Node | string)[] {
  const parts: (Node | string)[] = [];
  let end = 0;
  for (const match of text.matchAll(/https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]}]/g)) {
    parts.push(text.slice(end, match.index));
    parts.push(h("a", { href: match[0], target: "_blank", rel: "noopener noreferrer", text: match[0] }));
    end = match.index + match[0].length;
  }
  parts.push(text.slice(end));
  return parts;
}
