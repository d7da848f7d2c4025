/**
 * One person in the list: their parts are made once and then only changed, so that the focus, an open
 * volume and a held slider stay.
 */
import { t } from "../i18n/words.ts";
import { LOUDEST } from "../media/volumes.ts";
import { h, iconButton, setButton } from "../shared/dom.ts";
import { face } from "../shared/face.ts";
import { type IconName, icon } from "../shared/icons.ts";

import { type Status, STATUS_WORDS } from "./expressions.ts";

export interface PersonRow {
  id: string;
  name: string;
  avatar: string;
  me: boolean;
  group: "here" | "near" | "far";
  /** Zone and presence in words. */
  place: string;
  mic: boolean;
  camera: boolean;
  screen: boolean;
  speaking: boolean;
  /** 0..2, how loud I want them. */
  volume: number;
  followed: boolean;
  status: Status;
  /** A member, whom I may write to as a member. */
  writable: boolean;
  /** I look after this place: I may mute them and send them away. */
  kept: boolean;
}

export interface PersonActions {
  walk: (userId: string) => void;
  follow: (userId: string) => void;
  write: (userId: string) => void;
  volume: (userId: string, volume: number) => void;
  mute: (userId: string) => void;
  remove: (userId: string) => void;
  /** My own look. */
  changeLook: () => void;
}

export class PersonElement {
  readonly element: HTMLLIElement;
  readonly #face = h("span", { class: "face-holder" });
  readonly #name = h("strong");
  readonly #signs = h("span", { class: "signs" });
  readonly #place = h("span", { class: "place-name" });
  readonly #tools: Tools | null;
  #worn = "";
  #signed = "";

  constructor({ id, me }: PersonRow, actions: PersonActions) {
    this.#tools = me ? null : new Tools(id, actions);
    const who = h("span", { class: "who" }, this.#name, h("small", {}, this.#signs, this.#place));
    const line = h("div", { class: "person-line" }, this.#face, who, this.#tools?.buttons ?? mirror(actions));
    this.element = h("li", { class: "person", "data-user": id }, line, this.#tools?.more);
  }

  show(person: PersonRow): void {
    const { id, name, avatar, me, place, speaking, followed } = person;
    this.element.classList.toggle("speaking", speaking);
    this.element.classList.toggle("followed", followed);
    setText(this.#name, me ? t("people.me", { name }) : name);
    setText(this.#place, place);
    this.element.dataset["status"] = person.status;
    const worn = JSON.stringify([name, avatar]);
    if (worn !== this.#worn) {
      this.#worn = worn;
      this.#face.replaceChildren(face(id, name, avatar));
    }
    const signs: [boolean, IconName, string][] = [
      [person.status !== "available", person.status, t(STATUS_WORDS[person.status])],
      [person.mic, "mic", t("people.mic_on")],
      [!person.mic, "mic_off", t("people.muted")],
      [person.camera, "camera", t("people.camera_on")],
      [person.screen, "screen", t("people.shares_screen")],
    ];
    const seen = signs.filter(([on]) => on);
    const signed = seen.map(([, sign]) => sign).join();
    if (signed !== this.#signed) {
      this.#signed = signed;
      this.#signs.replaceChildren(...seen.map(([, sign, words]) => signOf(sign, words)));
    }
    this.#tools?.show(person);
  }
}

/** What I can do with myself. */
function mirror(actions: PersonActions): HTMLElement {
  const button = iconButton("look", t("people.change_look"), "icon-button small does-look");
  button.addEventListener("click", actions.changeLook);
  return h("span", { class: "person-buttons" }, button);
}

/** What I can do with somebody else. */
class Tools {
  readonly buttons: HTMLElement;
  readonly more: HTMLElement;
  readonly #keeping: HTMLElement;
  readonly #loud: HTMLButtonElement;
  readonly #follow: HTMLButtonElement;
  readonly #walk: HTMLButtonElement;
  readonly #write: HTMLButtonElement;
  readonly #mute: HTMLButtonElement;
  readonly #slider: HTMLInputElement;
  readonly #output = h("output", { class: "volume-words" });

  constructor(id: string, actions: PersonActions) {
    const small = "icon-button small";
    this.#loud = iconButton("volume", "", `${small} does-volume`);
    this.#follow = iconButton("follow", "", `${small} does-follow`);
    this.#walk = iconButton("walk", "", `${small} does-walk`);
    this.#write = iconButton("chat", t("chat.write_to", { name: "" }), `${small} does-write`);
    this.#write.addEventListener("click", () => actions.write(id));
    this.buttons = h("span", { class: "person-buttons" }, this.#write, this.#loud, this.#follow, this.#walk);
    this.#slider = h("input", { type: "range", class: "slider", min: 0, max: LOUDEST * 100, step: 5 });
    const usual = h("button", { type: "button", class: "button small quiet", text: t("people.reset"), onclick: () => actions.volume(id, 1) });
    const press = (words: string, action: (userId: string) => void): HTMLButtonElement =>
      h("button", { type: "button", class: "button small quiet", text: words, onclick: () => action(id) });
    this.#mute = press(t("people.mute"), actions.mute);
    this.#keeping = h("span", { class: "person-keeping" }, this.#mute, press(t("people.remove"), actions.remove));
    this.more = h("div", { class: "person-more", hidden: true }, this.#slider, this.#output, usual, this.#keeping);
    this.#loud.setAttribute("aria-expanded", "false");
    this.#loud.addEventListener("click", () => {
      this.more.hidden = !this.more.hidden;
      this.#loud.setAttribute("aria-expanded", String(!this.more.hidden));
      if (!this.more.hidden) this.#slider.focus();
    });
    this.#follow.addEventListener("click", () => actions.follow(id));
    this.#walk.addEventListener("click", () => actions.walk(id));
    this.#slider.addEventListener("input", () => actions.volume(id, Number(this.#slider.value) / 100));
  }

  show({ name, volume, followed, writable, kept, mic }: PersonRow): void {
    this.#keeping.hidden = !kept;
    this.#mute.disabled = !mic;
    this.#write.hidden = !writable;
    setButton(this.#write, "chat", t("chat.write_to", { name }));
    const percent = Math.round(volume * 100);
    const words = percent === 0 ? t("people.silent") : t("people.percent", { percent });
    const loud = t("people.volume_is", { name, volume: words });
    const label = kept ? t("people.keep", { name }) : t("people.volume", { name });
    setButton(this.#loud, percent === 0 ? "volume_off" : "volume", label, kept ? label : loud);
    this.#loud.classList.toggle("changed", percent !== 100);
    setButton(this.#follow, "follow", t("people.follow", { name }), followed ? t("people.unfollow", { name }) : t("people.follow", { name }));
    this.#follow.setAttribute("aria-pressed", String(followed));
    setButton(this.#walk, "walk", t("people.walk", { name }));
    if (Number(this.#slider.value) !== percent) this.#slider.value = String(percent);
    this.#slider.setAttribute("aria-label", t("people.volume_only_you", { name }));
    this.#slider.setAttribute("aria-valuetext", words);
    setText(this.#output, words);
  }
}

function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

function signOf(name: IconName, words: string): HTMLElement {
  return h("span", { class: `sign sign-${name}`, title: words }, icon(name), h("span", { class: "visually-hidden", text: `${words} ` }));
}
