/**
 * Where one writes: a field that grows, a file to go with the line, and the button that sends both.
 * What could not be sent stays in the field.
 */
import { t } from "../i18n/words.ts";
import { h, iconButton } from "../shared/dom.ts";
import { icon } from "../shared/icons.ts";

const LONGEST = 2000;

/** Sends; false (also later): it was not taken, and everything stays as it is. */
export type Send = (text: string, file: File | null) => boolean | Promise<boolean>;

export class Composer {
  readonly element: HTMLFormElement;
  readonly #input = h("textarea", { class: "input", rows: "1", maxlength: LONGEST, "aria-label": t("chat.message"), enterkeyhint: "send" });
  readonly #attach = iconButton("attach", t("chat.attach"), "icon-button attach");
  readonly #picker = h("input", { type: "file", hidden: true, tabindex: "-1", "aria-hidden": "true" });
  readonly #chosen = h("div", { class: "attached", hidden: true });
  readonly #send: Send;
  #file: File | null = null;
  #files = false;
  #busy = false;

  constructor(send: Send) {
    this.#send = send;
    const button = iconButton("send", t("chat.send"), "icon-button send");
    button.type = "submit";
    this.element = h("form", { class: "write" }, this.#chosen, h("div", { class: "write-line" }, this.#attach, this.#input, button), this.#picker);
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#submit();
    });
    this.#input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.element.requestSubmit();
      } else if (event.key === "Escape") this.#input.blur();
    });
    this.#attach.addEventListener("click", () => this.#picker.click());
    this.#picker.addEventListener("change", () => this.attach(this.#picker.files?.[0] ?? null));
    this.element.addEventListener("paste", (event) => this.#offered(event, event.clipboardData));
    this.setFiles(false);
  }

  focus(): void {
    this.#input.focus();
  }

  /** What is written and not sent. */
  get draft(): string {
    return this.#input.value;
  }

  set draft(text: string) {
    this.#input.value = text;
  }

  /** What was sent in vain, unless something else was begun meanwhile. */
  giveBack(text: string, file: File | null): void {
    if (this.draft !== "" || this.#file !== null) return;
    this.draft = text;
    if (file) this.attach(file);
  }

  set placeholder(words: string) {
    this.#input.placeholder = words;
  }

  /** Whether files may go with a line here. */
  setFiles(on: boolean): void {
    this.#files = on;
    this.#attach.hidden = !on;
    if (!on) this.attach(null);
  }

  /** A file that was dropped on the chat, or chosen. */
  attach(file: File | null): void {
    this.#file = this.#files ? file : null;
    this.#picker.value = "";
    this.#chosen.hidden = this.#file === null;
    if (!this.#file) return;
    const away = iconButton("close", t("chat.detach", { name: this.#file.name }), "icon-button small");
    away.addEventListener("click", () => {
      this.attach(null);
      this.focus();
    });
    this.#chosen.replaceChildren(icon("file"), h("span", { class: "line-file-name", text: this.#file.name }), away);
    this.focus();
  }

  /** Takes files out of a paste or drop. */
  #offered(event: Event, data: DataTransfer | null): void {
    const file = data?.files[0];
    if (!file || !this.#files) return;
    event.preventDefault();
    this.attach(file);
  }

  /** Lets files be dropped anywhere on this element. */
  acceptDrops(element: HTMLElement): void {
    element.addEventListener("dragover", (event) => {
      if (!this.#files || !event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      element.classList.add("drop");
    });
    element.addEventListener("dragleave", () => element.classList.remove("drop"));
    element.addEventListener("drop", (event) => {
      element.classList.remove("drop");
      this.#offered(event, event.dataTransfer);
    });
  }

  async #submit(): Promise<void> {
    const text = this.#input.value.trim();
    const file = this.#file;
    if (this.#busy || (text === "" && file === null)) return;
    this.#busy = true;
    this.element.setAttribute("aria-busy", String(file !== null));
    try {
      if (!(await this.#send(text, file))) return;
      if (this.#input.value.trim() === text) this.#input.value = "";
      if (this.#file === file) this.attach(null);
    } finally {
      this.#busy = false;
      this.element.removeAttribute("aria-busy");
    }
  }
}
