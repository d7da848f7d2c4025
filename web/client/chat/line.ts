/**
 * One line of the chat as an element: who, when, the words with their links, a file, and reactions.
 */
import { EMOTES } from "../ui/bubbles.ts";
import { language, t } from "../i18n/words.ts";
import type { ChatFileInfo, Emote } from "../net/messages.ts";
import { h, iconButton } from "../shared/dom.ts";
import { face } from "../shared/face.ts";
import { icon } from "../shared/icons.ts";
import type { ChatLine } from "./channels.ts";
import { partsOf, sizeWords } from "./text.ts";

export interface LineActions {
  react: (line: ChatLine, reaction: Emote, on: boolean) => void;
  remove: (line: ChatLine) => void;
  /** Where the file is to be had. */
  address: (file: ChatFileInfo) => Promise<string>;
  /** Something in the line got its size. */
  grew: () => void;
}

export interface LineLook {
  mine: boolean;
  /** Said by the same person right after the line before: no head of its own. */
  follows: boolean;
  avatar: string;
  mayReact: boolean;
  mayRemove: boolean;
}

export function lineElement(line: ChatLine, look: LineLook, actions: LineActions): HTMLElement {
  const classes = ["line", look.follows ? "follows" : "", look.mine ? "mine" : ""].filter(Boolean).join(" ");
  const element = h("div", { class: classes, "data-line": line.id });
  const when = new Date(line.at);
  if (!look.follows) {
    element.append(
      face(line.user_id, line.name, look.avatar),
      h(
        "span",
        { class: "line-head" },
        h("strong", {}, look.mine ? t("common.you") : line.name),
        h("time", { datetime: when.toISOString(), title: when.toLocaleString(language) }, whenWords(when, new Date())),
      ),
    );
  }
  if (line.text !== "") {
    const words = partsOf(line.text).map(({ text, href }) =>
      href === null ? text : h("a", { href, target: "_blank", rel: "noopener noreferrer nofollow ugc", text }),
    );
    element.append(h("p", { class: "line-text" }, ...words));
  }
  if (line.file) element.append(fileElement(line.file, actions));
  if (line.reactions.length > 0) element.append(reactionsElement(line, look, actions));
  if (look.mayReact || look.mayRemove) element.append(toolsElement(line, look, actions));
  return element;
}

/** The time today, else the day with it. */
function whenWords(when: Date, now: Date): string {
  const time: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit" };
  if (when.toDateString() === now.toDateString()) return when.toLocaleTimeString(language, time);
  return when.toLocaleString(language, { day: "numeric", month: "short", ...time });
}

function fileElement(file: ChatFileInfo, actions: LineActions): HTMLElement {
  const { name, type, size } = file;
  const words = sizeWords(size, language);
  const save = h("a", { class: "line-file", download: name }, icon("file"), h("span", { class: "line-file-name", text: name }), h("small", { text: words }));
  save.setAttribute("aria-label", t("chat.save_file", { name, size: words }));
  const holder = h("div", { class: "line-attachment" }, save);
  void actions.address(file).then(
    (address) => {
      save.href = address;
      if (!type.startsWith("image/")) return;
      const picture = h("img", { class: "line-picture", src: address, alt: name, loading: "lazy" });
      picture.addEventListener("load", () => actions.grew());
      picture.addEventListener("error", () => picture.remove());
      const open = h("a", { href: address, target: "_blank", rel: "noopener", "aria-label": t("chat.open_picture", { name }) }, picture);
      holder.prepend(open);
    },
    () => holder.replaceChildren(h("span", { class: "line-file gone" }, icon("file"), t("chat.file_gone", { name }))),
  );
  return holder;
}

function reactionsElement(line: ChatLine, look: LineLook, actions: LineActions): HTMLElement {
  const place = h("div", { class: "reactions", role: "group", "aria-label": t("chat.reactions") });
  for (const { emote, label } of EMOTES) {
    const one = line.reactions.find(({ reaction }) => reaction === emote);
    if (!one) continue;
    const button = h(
      "button",
      { type: "button", class: `reaction reaction-${emote}`, "aria-pressed": String(one.mine), disabled: !look.mayReact },
      icon(emote),
      h("span", { text: String(one.count) }),
    );
    button.setAttribute("aria-label", `${label}: ${one.count}`);
    button.addEventListener("click", () => actions.react(line, emote, !one.mine));
    place.append(button);
  }
  return place;
}

/** What can be done with a line: shown while it is pointed at or has the focus. */
function toolsElement(line: ChatLine, look: LineLook, actions: LineActions): HTMLElement {
  const tools = h("div", { class: "line-tools" });
  if (look.mayReact) {
    const open = iconButton("smile", t("chat.react"), "line-tool");
    const menu = h("div", { class: "line-emotes", role: "group", "aria-label": t("chat.react"), hidden: true });
    const show = (on: boolean): void => {
      menu.hidden = !on;
      open.setAttribute("aria-expanded", String(on));
    };
    for (const { emote, label } of EMOTES) {
      const mine = line.reactions.some((one) => one.reaction === emote && one.mine);
      const choice = iconButton(emote, label, `line-tool emote-${emote}`);
      choice.addEventListener("click", () => {
        show(false);
        actions.react(line, emote, !mine);
      });
      menu.append(choice);
    }
    show(false);
    open.addEventListener("click", () => show(menu.hidden !== false));
    tools.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || menu.hidden) return;
      event.stopPropagation();
      show(false);
      open.focus();
    });
    tools.append(menu, open);
  }
  if (look.mayRemove) {
    const remove = iconButton("bin", t("chat.delete"), "line-tool");
    remove.addEventListener("click", () => actions.remove(line));
    tools.append(remove);
  }
  return tools;
}
