/**
 * The dialogs' manners: they close by their Cancel button, by Escape and by a click beside them.
 */
import { byId } from "../shared/dom.ts";

export function readyDialog(dialog: HTMLDialogElement): void {
  dialog.addEventListener("click", (event) => {
    const target = event.target as Element;
    if (target === dialog || target.closest("[data-close]")) dialog.close();
  });
}

/** Asks before something that cannot be undone; resolves to true for yes. */
export function sure(title: string, words: string, yes: string): Promise<boolean> {
  const dialog = byId("sure", HTMLDialogElement);
  byId("sure-title", HTMLHeadingElement).textContent = title;
  byId("sure-words", HTMLParagraphElement).textContent = words;
  byId("sure-yes", HTMLButtonElement).textContent = yes;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

/** Copies, and says whether it worked: some browsers refuse without https. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
