/**
 * Sending somebody away: a guest, or a member, who may be kept from coming back. Only those above them can, and the
 * server says so otherwise.
 */
import { t } from "../i18n/words.ts";
import { api } from "./api.ts";
import { onSubmit } from "./forms.ts";
import { byId, h } from "../shared/dom.ts";

export interface Removed {
  id: string;
  name: string;
  /** Without an account, so nothing that could be banned. */
  guest: boolean;
}

export function openRemoval(serverId: string, { id, name, guest }: Removed, said: (words: string) => void): void {
  const dialog = byId("removal", HTMLDialogElement);
  const ban = h("input", { type: "checkbox", class: "switch", role: "switch" });
  const form = h(
    "form",
    { novalidate: true },
    h("h2", { id: "removal-title", text: t("removal.sure", { name }) }),
    h("p", { class: "notice bad", "data-error": true, role: "alert" }),
    h("p", { class: "muted", text: guest ? t("removal.guest_words") : t("removal.words") }),
    guest
      ? null
      : h("label", { class: "effect" }, h("span", {}, h("strong", {}, t("removal.ban")), h("small", { class: "muted" }, t("removal.ban_words"))), ban),
    h(
      "div",
      { class: "actions" },
      h("button", { type: "button", class: "button quiet", text: t("common.cancel"), onclick: () => dialog.close() }),
      h("button", { type: "submit", class: "button danger", text: t("removal.yes") }),
    ),
  );
  onSubmit(form, {}, async () => {
    if (ban.checked) await api("POST", `/api/servers/${serverId}/bans`, { user_id: id });
    else await api("DELETE", `/api/servers/${serverId}/members/${id}`);
    dialog.close();
    said(t("removal.done", { name }));
  });
  dialog.replaceChildren(form);
  dialog.showModal();
}
