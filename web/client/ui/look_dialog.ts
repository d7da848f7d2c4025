/**
 * The own look: chosen once on the way in by who has just signed up, and changed inside the world at any time. Everybody
 * sees it at once, since the world tells them.
 */
import { t } from "../i18n/words.ts";
import { api } from "../pages/api.ts";
import { onSubmit, showErrors, wordsOf } from "../pages/forms.ts";
import { AvatarBuilder } from "../shared/avatar_builder.ts";
import { byId, h } from "../shared/dom.ts";
import { NEW_HERE, forget, recall } from "../shared/memory.ts";

interface Me {
  user: { avatar: string };
  avatars: string[];
}

interface Wording {
  title: string;
  words: string | null;
  leave: string;
  keep: string;
}

/** Whether somebody has signed up in this browser and not been asked for their look yet. */
export function lookIsDue(): boolean {
  return recall(NEW_HERE) !== null;
}

/** Resolves when a look was chosen, or left as it came. */
export async function firstLook(place: string): Promise<void> {
  await choose({ title: t("look.first"), words: t("look.first_words"), leave: t("tour.skip"), keep: t("check.enter", { place }) });
  forget(NEW_HERE);
}

export function openLook(): void {
  void choose({ title: t("people.change_look"), words: null, leave: t("common.cancel"), keep: t("common.save") });
}

async function choose({ title, words, leave, keep }: Wording): Promise<void> {
  const dialog = byId("look", HTMLDialogElement);
  const builder = new AvatarBuilder();
  const form = h(
    "form",
    { novalidate: true },
    h("h2", { id: "look-title", text: title }),
    words === null ? null : h("p", { class: "muted", text: words }),
    h("p", { class: "notice bad", "data-error": true, role: "alert" }),
    builder.element,
    h(
      "div",
      { class: "actions" },
      h("button", { type: "button", class: "button quiet", text: leave, onclick: () => dialog.close() }),
      h("button", { type: "submit", class: "button primary", text: keep }),
    ),
  );
  onSubmit(form, {}, async () => {
    await api("PATCH", "/api/auth/me", { avatar: builder.value });
    dialog.close();
  });
  dialog.replaceChildren(form);
  dialog.showModal();
  const closed = new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  try {
    const { user, avatars } = await api<Me>("GET", "/api/auth/me");
    if (dialog.open) await builder.open(avatars, user.avatar);
  } catch (error) {
    showErrors(form, { form: wordsOf(error) });
  }
  await closed;
  builder.close();
}
