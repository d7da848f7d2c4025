/**
 * Your servers: cards to enter, and the dialogs to create one, to join one, and to change yourself.
 */
import { api, ApiError } from "./api.ts";
import { AvatarBuilder } from "../shared/avatar_builder.ts";
import { copyText, readyDialog, sure } from "./dialogs.ts";
import { byId, h, pageData } from "../shared/dom.ts";
import { type Key, t } from "../i18n/words.ts";
import type { Role } from "../net/messages.ts";
import { face } from "../shared/face.ts";
import { keeps, manages } from "../shared/roles.ts";
import { newInvitation } from "./invitation.ts";
import { clearErrors, onSubmit, showErrors, wordsOf } from "./forms.ts";
import { destination } from "./links.ts";
import { ROLE_WORDS, openManage } from "./manage.ts";
import { toast } from "./toast.ts";

interface User {
  id: string;
  username: string;
  display_name: string;
  avatar: string;
}

interface Server {
  id: string;
  name: string;
  access: "public" | "invite";
  role: Exclude<Role, "guest">;
  members: number;
  online: number;
  thumbnail: string | null;
}

interface MapChoice {
  name: string;
  title: string;
  description: string;
  thumbnail: string;
}

export function dashboardPage(): void {
  const { user } = pageData<{ user: User }>();
  showMe(user);
  byId("logout", HTMLButtonElement).addEventListener("click", () => {
    api("POST", "/api/auth/logout").then(
      () => location.assign("/"),
      (error: unknown) => toast(wordsOf(error)),
    );
  });
  for (const dialog of document.querySelectorAll("dialog")) readyDialog(dialog);
  readyCreate();
  readyJoin();
  readyProfile(user);
  void loadServers();
}

// --- the cards -------------------------------------------------------------------------------

async function loadServers(): Promise<void> {
  const list = byId("servers", HTMLUListElement);
  const failed = byId("servers-error", HTMLParagraphElement);
  try {
    const { servers } = await api<{ servers: Server[] }>("GET", "/api/servers");
    list.replaceChildren(...servers.map(card));
    list.hidden = servers.length === 0;
    byId("empty").hidden = servers.length > 0;
    failed.textContent = "";
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return location.assign("/login?next=/dashboard");
    list.replaceChildren();
    failed.textContent = wordsOf(error);
  }
  list.removeAttribute("aria-busy");
}

function card(server: Server): HTMLElement {
  const { id, name, role, members, online } = server;
  const actions = h("div", { class: "server-actions" });
  const action = (words: string, run: () => Promise<void>): void => {
    const onclick = (): void => void run().catch((error: unknown) => toast(wordsOf(error)));
    const label = t("dashboard.action_on", { action: words, server: name });
    actions.append(h("button", { class: "button quiet small", type: "button", "aria-label": label, onclick }, words));
  };
  if (manages(role)) action(t("dashboard.invite"), () => invite(server));
  else if (server.access === "public") action(t("dashboard.copy_link"), () => offer(`${location.origin}/s/${id}`, "dashboard.link_copied", "dashboard.link_is"));
  if (keeps(role)) action(t("dashboard.manage"), () => Promise.resolve(openManage(server, () => void loadServers())));
  if (role === "owner") action(t("dashboard.delete"), () => remove(server));
  else action(t("common.leave"), () => leave(server));
  return h(
    "li",
    { class: "server card" },
    server.thumbnail
      ? h("img", { class: "server-picture pixels", src: server.thumbnail, alt: "", loading: "lazy" })
      : h("div", { class: "server-picture" }),
    h(
      "div",
      { class: "server-text" },
      h("h2", {}, h("a", { href: `/s/${id}` }, name)),
      h(
        "p",
        { class: "server-facts" },
        h(
          "span",
          { class: "online" },
          h("span", { class: online > 0 ? "dot on" : "dot", "aria-hidden": "true" }),
          online > 0 ? t("dashboard.here_now", { count: online }) : t("dashboard.nobody_now"),
        ),
        h("span", {}, t("common.members", { count: members })),
        role === "member" ? null : h("span", { class: "badge" }, ROLE_WORDS[role]),
      ),
    ),
    actions,
  );
}

async function invite(server: Server): Promise<void> {
  await offer(await newInvitation(server.id), "dashboard.invitation_copied", "dashboard.invitation_is");
}

async function offer(link: string, copied: Key, otherwise: Key): Promise<void> {
  if (await copyText(link)) toast(t(copied));
  else toast(t(otherwise, { link }), 0);
}

async function leave(server: Server): Promise<void> {
  const yes = await sure(t("dashboard.leave_sure", { server: server.name }), t("dashboard.leave_words"), t("common.leave"));
  if (!yes) return;
  await api("POST", `/api/servers/${server.id}/leave`);
  await loadServers();
}

async function remove(server: Server): Promise<void> {
  const words = t("dashboard.delete_words");
  if (!(await sure(t("dashboard.delete_sure", { server: server.name }), words, t("dashboard.delete_yes")))) return;
  await api("DELETE", `/api/servers/${server.id}`);
  await loadServers();
}

// --- create ----------------------------------------------------------------------------------

function readyCreate(): void {
  const dialog = byId("create", HTMLDialogElement);
  const form = formOf(dialog);
  opensWith("create", () => {
    clearErrors(form);
    dialog.showModal();
    form.querySelector<HTMLInputElement>("#create-name")?.focus();
    void loadMaps(form);
    void loadRegions();
  });
  onSubmit(form, { name: t("create.name_missing"), map: t("create.map_missing") }, async (values) => {
    const { id } = await api<{ id: string }>("POST", "/api/servers", values);
    location.assign(`/s/${id}`);
  });
}

async function loadMaps(form: HTMLFormElement): Promise<void> {
  const box = byId("map-choices", HTMLDivElement);
  if (box.childElementCount > 0) return;
  try {
    const { maps } = await api<{ maps: MapChoice[] }>("GET", "/api/maps");
    box.replaceChildren(
      ...maps.map(({ name, title, description, thumbnail }, index) =>
        h(
          "label",
          { class: "map-choice" },
          h("input", { type: "radio", name: "map", value: name, checked: index === 0 }),
          h("img", { class: "pixels", src: thumbnail, alt: "", width: 640, height: 427 }),
          h("span", { class: "text" }, h("strong", {}, title), h("span", { class: "muted" }, description)),
        ),
      ),
    );
  } catch (error) {
    showErrors(form, { map: wordsOf(error) });
  }
}

/** Where media can be kept: asked for where there is more than one place. Without an answer nobody need choose. */
async function loadRegions(): Promise<void> {
  const { regions } = await api<{ regions: string[] }>("GET", "/api/regions").catch(() => ({ regions: [] as string[] }));
  const select = byId("create-region", HTMLSelectElement);
  const chosen = select.value;
  const any = select.options[0];
  select.replaceChildren(...(any ? [any] : []), ...regions.map((region) => h("option", { value: region }, region)));
  select.value = regions.includes(chosen) ? chosen : "";
  byId("create-where").hidden = regions.length < 2;
}

// --- join ------------------------------------------------------------------------------------

function readyJoin(): void {
  const dialog = byId("join", HTMLDialogElement);
  const form = formOf(dialog);
  opensWith("join", () => {
    clearErrors(form);
    dialog.showModal();
  });
  onSubmit(form, { link: t("join_link.missing") }, (values) => {
    const found = destination(values["link"] ?? "", location.origin);
    if ("error" in found) showErrors(form, { link: found.error });
    else location.assign(found.path);
    return Promise.resolve();
  });
}

// --- yourself --------------------------------------------------------------------------------

function showMe(user: User): void {
  document.querySelector(".who-face")?.replaceChildren(face(user.id, user.display_name, user.avatar));
  const name = document.querySelector(".who-name");
  if (name) name.textContent = user.display_name;
}

function readyProfile(user: User): void {
  const dialog = byId("profile", HTMLDialogElement);
  const form = formOf(dialog);
  const name = byId("profile-name", HTMLInputElement);
  const builder = new AvatarBuilder();
  byId("avatars", HTMLDivElement).replaceChildren(builder.element);
  dialog.addEventListener("close", () => builder.close());
  byId("who", HTMLButtonElement).addEventListener("click", () => {
    clearErrors(form);
    name.value = user.display_name;
    dialog.showModal();
    api<{ user: User; avatars: string[] }>("GET", "/api/auth/me").then(
      ({ user: now, avatars }) => {
        byId("avatar-field", HTMLFieldSetElement).hidden = avatars.length === 0;
        void builder.open(avatars, now.avatar);
      },
      (error: unknown) => showErrors(form, { form: wordsOf(error) }),
    );
  });
  const password = byId("password", HTMLFormElement);
  dialog.addEventListener("close", () => {
    password.reset();
    clearErrors(password);
  });
  const opener = password.closest("details");
  opener?.addEventListener("toggle", () => opener.scrollIntoView({ block: "end" }));
  onSubmit(password, { old_password: t("auth.password_missing"), password: t("auth.password_missing") }, async (values) => {
    await api("POST", "/api/auth/password", values);
    dialog.close();
    toast(t("profile.password_changed"));
  });
  onSubmit(form, { display_name: t("profile.name_missing") }, async (values) => {
    const changed = await api<{ user: User }>("PATCH", "/api/auth/me", values);
    Object.assign(user, changed.user);
    showMe(user);
    dialog.close();
  });
}

// --- shared ----------------------------------------------------------------------------------

function formOf(dialog: HTMLDialogElement): HTMLFormElement {
  const form = dialog.querySelector("form");
  if (!form) throw new Error(`dialog #${dialog.id} has no form`);
  return form;
}

/** Opens a dialog by its button at the top and by every `data-opens` of its name. */
function opensWith(name: "create" | "join", open: () => void): void {
  byId(`open-${name}`, HTMLButtonElement).addEventListener("click", open);
  for (const button of document.querySelectorAll(`[data-opens="${name}"]`)) {
    button.addEventListener("click", open);
  }
}
