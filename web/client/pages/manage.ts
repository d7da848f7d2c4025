/**
 * A server for those who look after it: its name and who may come in, its people and what they may do, and
 * who is kept out.
 */
import { t } from "../i18n/words.ts";
import type { Role } from "../net/messages.ts";
import { byId, h } from "../shared/dom.ts";
import { face } from "../shared/face.ts";
import { above, manages } from "../shared/roles.ts";
import { api } from "./api.ts";
import { onSubmit, wordsOf } from "./forms.ts";
import { openRemoval } from "./removal.ts";
import { toast } from "./toast.ts";

export interface Managed {
  id: string;
  name: string;
  access: "public" | "invite";
  /** Mine. */
  role: Role;
}

interface Member {
  user_id: string;
  username: string;
  display_name: string;
  avatar: string;
  role: Role;
}

interface Ban {
  user_id: string;
  username: string;
}

export const ROLE_WORDS: Readonly<Record<Exclude<Role, "guest">, string>> = {
  owner: t("dashboard.role.owner"),
  admin: t("dashboard.role.admin"),
  moderator: t("dashboard.role.moderator"),
  member: t("dashboard.role.member"),
};
const GIVEN = ["admin", "moderator", "member"] as const;

/** Shows the dialog; `changed` whenever something that the cards show is another. */
export function openManage(server: Managed, changed: () => void): void {
  const dialog = byId("manage", HTMLDialogElement);
  const people = new ManagedPeople(server, changed);
  const done = h("button", { type: "button", class: "button quiet", text: t("media.done"), onclick: () => dialog.close() });
  dialog.replaceChildren(
    h(
      "div",
      { class: "inside" },
      h("h2", { id: "manage-title", text: t("manage.title", { server: server.name }) }),
      manages(server.role) ? settings(server, changed) : null,
      people.element,
      h("div", { class: "actions" }, done),
    ),
  );
  dialog.showModal();
  void people.load();
}

function settings(server: Managed, changed: () => void): HTMLFormElement {
  const choice = (access: Managed["access"], title: string, words: string): HTMLElement =>
    h(
      "label",
      { class: "choice" },
      h("input", { type: "radio", name: "access", value: access, checked: access === server.access }),
      h("span", {}, h("strong", {}, title), h("span", { class: "muted" }, words)),
    );
  const form = h(
    "form",
    { class: "manage-settings", novalidate: true },
    h("p", { class: "notice bad", "data-error": true, role: "alert" }),
    h(
      "div",
      { class: "field" },
      h("label", { for: "manage-name", text: t("create.name") }),
      h("input", { class: "input", id: "manage-name", name: "name", maxlength: 64, autocomplete: "off", value: server.name, "aria-describedby": "manage-name-error" }),
      h("p", { class: "field-error", id: "manage-name-error", "data-error-for": "name" }),
    ),
    h(
      "fieldset",
      { class: "field" },
      h("legend", { class: "label", text: t("create.access") }),
      choice("invite", t("create.invite"), t("create.invite_words")),
      choice("public", t("create.public"), t("create.public_words")),
    ),
    h("button", { type: "submit", class: "button primary small", text: t("common.save") }),
  );
  onSubmit(form, { name: t("create.name_missing") }, async (values) => {
    await api("PATCH", `/api/servers/${server.id}`, values);
    toast(t("manage.saved"));
    changed();
  });
  return form;
}

/** Members and bans; asked for anew after each change. */
class ManagedPeople {
  readonly element: HTMLElement;
  readonly #server: Managed;
  readonly #changed: () => void;
  readonly #members = h("ul", { class: "manage-people" });
  readonly #bans = h("ul", { class: "manage-people" });
  readonly #banned: HTMLElement;
  readonly #problem = h("p", { class: "notice bad", role: "alert" });

  constructor(server: Managed, changed: () => void) {
    this.#server = server;
    this.#changed = changed;
    this.#banned = h("section", { hidden: true }, h("h3", {}, t("manage.banned")), this.#bans);
    this.element = h("div", {}, this.#problem, h("h3", {}, t("manage.members")), this.#members, this.#banned);
  }

  async load(): Promise<void> {
    const path = `/api/servers/${this.#server.id}`;
    try {
      const [{ members }, { bans }] = await Promise.all([
        api<{ members: Member[] }>("GET", `${path}/members`),
        api<{ bans: Ban[] }>("GET", `${path}/bans`),
      ]);
      this.#problem.textContent = "";
      this.#members.replaceChildren(...members.map((member) => this.#member(member)));
      this.#bans.replaceChildren(...bans.map((ban) => this.#ban(ban)));
      this.#banned.hidden = bans.length === 0;
    } catch (error) {
      this.#problem.textContent = wordsOf(error);
    }
  }

  #member({ user_id: id, username, display_name: name, avatar, role }: Member): HTMLElement {
    const { id: serverId, role: mine } = this.#server;
    const below = above(mine, role);
    const row = h(
      "li",
      {},
      face(id, name, avatar),
      h("span", { class: "manage-who" }, h("strong", {}, name), h("small", { class: "muted" }, username)),
      below && manages(mine) ? this.#roles(id, name, role) : h("span", { class: "badge" }, ROLE_WORDS[role === "guest" ? "member" : role]),
    );
    if (below) {
      const remove = h("button", { type: "button", class: "button quiet small", "aria-label": t("manage.remove", { name }) }, t("removal.yes"));
      remove.addEventListener("click", () =>
        openRemoval(serverId, { id, name, guest: false }, (words) => {
          toast(words);
          void this.#again();
        }),
      );
      row.append(remove);
    }
    return row;
  }

  #roles(userId: string, name: string, role: Role): HTMLSelectElement {
    const mine = this.#server.role;
    const options = GIVEN.filter((given) => above(mine, given)).map((given) => h("option", { value: given, selected: given === role }, ROLE_WORDS[given]));
    const select = h("select", { class: "select", "aria-label": t("manage.role_of", { name }) }, ...options);
    select.addEventListener("change", () => {
      void this.#do(() => api("PATCH", `/api/servers/${this.#server.id}/members/${userId}`, { role: select.value }));
    });
    return select;
  }

  #ban({ user_id: id, username }: Ban): HTMLElement {
    const words = t("manage.lift");
    const label = t("dashboard.action_on", { action: words, server: username });
    const lift = h("button", { type: "button", class: "button quiet small", "aria-label": label }, words);
    lift.addEventListener("click", () => void this.#do(() => api("DELETE", `/api/servers/${this.#server.id}/bans/${id}`)));
    return h("li", {}, h("strong", { class: "manage-who" }, username), lift);
  }

  async #do(change: () => Promise<unknown>): Promise<void> {
    try {
      await change();
      toast(t("manage.saved"));
    } catch (error) {
      toast(wordsOf(error));
    }
    await this.#again();
  }

  async #again(): Promise<void> {
    await this.load();
    this.#changed();
  }
}
