/** Inviting people from inside: a link on the clipboard. */
import { t } from "../i18n/words.ts";
import { copyText } from "../pages/dialogs.ts";
import { wordsOf } from "../pages/forms.ts";
import { newInvitation } from "../pages/invitation.ts";
import type { Toasts } from "./notices.ts";

export async function invitePeople(serverId: string, toasts: Toasts): Promise<void> {
  try {
    const link = await newInvitation(serverId);
    if (await copyText(link)) toasts.show(t("dashboard.invitation_copied"));
    // No clipboard without HTTPS or permission: the person copies by hand.
    else window.prompt(t("people.invitation_is"), link);
  } catch (error) {
    toasts.show(wordsOf(error), "bad");
  }
}
