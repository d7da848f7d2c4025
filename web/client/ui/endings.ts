/** What to say and to offer when the world has ended the connection for good. */
import { t } from "../i18n/words.ts";

export interface Ending {
  title: string;
  /** Come in again from here, log in and come back here, or go to one's servers. */
  action: "retry" | "login" | "dashboard";
  label: string;
}

const LOGGED_OUT: Ending = { title: t("world.ended.session_expired"), action: "login", label: t("world.log_in_again") };
const ENDINGS: Readonly<Record<string, Ending>> = {
  replaced: { title: t("world.ended.replaced"), action: "retry", label: t("world.use_here") },
  session_expired: LOGGED_OUT,
  logged_out: LOGGED_OUT,
  not_logged_in: LOGGED_OUT,
  slow: { title: t("world.ended.slow"), action: "retry", label: t("world.come_back") },
};

/** By the `code` of `closing`. */
export function endingOf(code: string): Ending {
  return ENDINGS[code] ?? { title: t("world.ended"), action: "dashboard", label: t("common.to_servers") };
}
