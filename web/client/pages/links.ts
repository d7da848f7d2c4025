/**
 * Where a pasted link or code leads. Pure.
 */

import { t } from "../i18n/words.ts";

export type Destination = { path: string } | { error: string };

const PATHS = /^\/(join|s|m)\/([\w-]{1,128})\/?$/;
const CODE = /^[\w-]{8,128}$/;

/** The page of ours that `pasted` names; `origin` is ours (`https://host`). A bare code is an invitation. */
export function destination(pasted: string, origin: string): Destination {
  const text = pasted.trim();
  if (CODE.test(text)) return { path: `/join/${text}` };
  const host = new URL(origin).host;
  let url: URL;
  try {
    url = new URL(text.startsWith(`${host}/`) ? `${origin}/${text.slice(host.length + 1)}` : text, origin);
  } catch {
    return { error: t("join_link.neither") };
  }
  if (!PATHS.test(url.pathname)) {
    return { error: t("join_link.neither") };
  }
  if (url.host !== host) return { error: t("join_link.elsewhere", { host: url.host }) };
  return { path: url.pathname };
}
