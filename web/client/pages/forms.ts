/**
 * Forms: values out, errors in. An error stands below its field and takes the focus there; one
 * without a field stands above the form.
 */
import { t } from "../i18n/words.ts";
import { ApiError } from "./api.ts";

/** The form's text fields, trimmed except passwords; empty ones are left out. */
export function valuesOf(fields: Iterable<readonly [string, unknown]>): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [name, value] of fields) {
    if (typeof value !== "string") continue;
    const text = name.endsWith("password") ? value : value.trim();
    if (text !== "") values[name] = text;
  }
  return values;
}

/** Field → words, for what is missing before anybody is asked. */
export function missing(
  values: Readonly<Record<string, string>>,
  required: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(Object.entries(required).filter(([name]) => !values[name]));
}

export function clearErrors(form: HTMLFormElement): void {
  for (const place of form.querySelectorAll("[data-error], [data-error-for]")) place.textContent = "";
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
}

/** Shows errors at their fields; what has no place goes above the form. The first field gets the focus. */
export function showErrors(form: HTMLFormElement, errors: Readonly<Record<string, string>>): void {
  let focused = false;
  for (const [name, words] of Object.entries(errors)) {
    const place =
      form.querySelector(`[data-error-for="${CSS.escape(name)}"]`) ?? form.querySelector("[data-error]");
    if (place) place.textContent = words;
    const input = form.elements.namedItem(name);
    if (!(input instanceof HTMLInputElement)) continue;
    input.setAttribute("aria-invalid", "true");
    if (!focused) input.focus();
    focused = true;
  }
}

/** Runs `work` for each submit, once at a time, and shows what it throws. */
export function onSubmit(
  form: HTMLFormElement,
  required: Readonly<Record<string, string>>,
  work: (values: Record<string, string>) => Promise<void>,
): void {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const button = form.querySelector<HTMLButtonElement>("button[type=submit]");
    if (button?.getAttribute("aria-busy") === "true") return;
    clearErrors(form);
    const values = valuesOf(new FormData(form));
    const absent = missing(values, required);
    if (Object.keys(absent).length > 0) return showErrors(form, absent);
    button?.setAttribute("aria-busy", "true");
    work(values)
      .catch((error: unknown) => showErrors(form, { [fieldOf(error)]: wordsOf(error) }))
      .finally(() => button?.removeAttribute("aria-busy"));
  });
  form.addEventListener("input", ({ target }) => {
    if (!(target instanceof HTMLInputElement) || !target.hasAttribute("aria-invalid")) return;
    target.removeAttribute("aria-invalid");
    const place = form.querySelector(`[data-error-for="${CSS.escape(target.name)}"]`);
    if (place) place.textContent = "";
  });
}

function fieldOf(error: unknown): string {
  return (error instanceof ApiError && error.field) || "form";
}

/** Words for a person, whatever was thrown. */
export function wordsOf(error: unknown): string {
  if (error instanceof ApiError) return error.message;
  return t("error.page");
}
