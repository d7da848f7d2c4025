/**
 * Log in and sign up: one form each, by name and password.
 */
import { api } from "./api.ts";
import { byId, pageData } from "../shared/dom.ts";
import { t } from "../i18n/words.ts";
import { NEW_HERE, remember } from "../shared/memory.ts";
import { onSubmit } from "./forms.ts";

const REQUIRED = { username: t("auth.username_missing"), password: t("auth.password_missing") };

export function authPage(path: "/api/auth/login" | "/api/auth/signup"): void {
  const { next } = pageData<{ next?: string }>();
  const form = byId("auth", HTMLFormElement);
  onSubmit(form, REQUIRED, async (values) => {
    await api("POST", path, values);
    if (path === "/api/auth/signup") remember(NEW_HERE, "yes");
    location.assign(next ?? "/dashboard");
  });
  revealButtons(form);
  if (next && next !== "/dashboard") {
    for (const link of document.querySelectorAll<HTMLAnchorElement>("[data-keep-next]")) {
      link.search = new URLSearchParams({ next }).toString();
    }
  }
}

function revealButtons(form: HTMLFormElement): void {
  for (const button of form.querySelectorAll<HTMLButtonElement>("[data-reveal]")) {
    const input = byId(button.dataset["reveal"] ?? "", HTMLInputElement);
    button.addEventListener("click", () => {
      const shown = input.type === "text";
      input.type = shown ? "password" : "text";
      button.textContent = t(shown ? "auth.show" : "auth.hide");
      button.setAttribute("aria-pressed", String(!shown));
    });
    // Password managers look for a password field when the form is sent.
    form.addEventListener("submit", () => {
      input.type = "password";
      button.textContent = t("auth.show");
      button.setAttribute("aria-pressed", "false");
    });
  }
}
