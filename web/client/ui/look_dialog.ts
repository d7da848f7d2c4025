/**
 * Changing the own look inside the world: everybody sees it at once, since the world tells them.
 */
import { t } from "../i18n/words.ts";
import { api } from "../pages/api.ts";
import { onSubmit, showErrors, wordsOf } from "../pages/forms.ts";
import { AvatarBuilder } from "../shared/avatar_builder.ts";
import { byId, h } from "../shared/dom.ts";

interface Me {
  user: { avatar: string };
  avatars: string[];
}

let opened: { builder: AvatarBuilder; form: HTMLFormElement } | null = null;

export async function openLook(): Promise<void> {
  const dialog = byId("look", HTMLDialogElement);
  const { builder, form } = (opened ??= make(dialog));
  dialog.showModal();
  try {
    const { user, avatars } = await api<Me>("GET", "/api/auth/me");
    await builder.open(avatars, user.avatar);
  } catch (error) {
    showErrors(form, { form: wordsOf(error) });
  }
}

function make(dialog: HTMLDialogElement): { builder: AvatarBuilder; form: HTMLFormElement } {
  const builder = new AvatarBuilder();
  const cancel = h("button", { type: "button", class: "button quiet", text: t("common.cancel"), onclick: () => dialog.close() });
  const form = h(
    "form",
    { novalidate: true },
    h("h2", { id: "look-title", text: t("people.change_look") }),
    h("p", { class: "notice bad", "data-error": true, role: "alert" }),
    builder.element,
    h("div", { class: "actions" }, cancel, h("button", { type: "submit", class: "button primary", text: t("common.save") })),
  );
  onSubmit(form, {}, async () => {
    await api("PATCH", "/api/auth/me", { avatar: builder.value });
    dialog.close();
  });
  dialog.addEventListener("close", () => builder.close());
  dialog.append(form);
  return { builder, form };
}
