/**
 * Short messages at the lower edge. A screen reader reads them out; they leave by themselves.
 */
import { t } from "../i18n/words.ts";
import { byId, h } from "../shared/dom.ts";

const SHOWN_MS = 6_000;
const MOST = 3;

/** Shows `words`, with a button that answers them or takes them away; the same words twice are shown once. Returns a function that takes them away. */
export function toast(words: string, shownMs: number = SHOWN_MS, answer: { label: string; run: () => void } | null = null): () => void {
  const box = byId("toasts", HTMLDivElement);
  for (const old of box.children) if (old.firstChild?.textContent === words) old.remove();
  const line = h("div", { class: "toast" }, h("span", {}, words));
  const away = (): void => line.remove();
  const answered = (): void => {
    away();
    answer?.run();
  };
  if (answer) line.append(h("button", { type: "button", onclick: answered }, answer.label));
  else line.append(h("button", { type: "button", onclick: away, "aria-label": t("common.dismiss") }, t("common.ok")));
  box.append(line);
  while (box.children.length > MOST) box.firstElementChild?.remove();
  if (shownMs > 0) setTimeout(away, shownMs);
  return away;
}
