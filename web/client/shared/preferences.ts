/**
 * The choice of language and colours. Both are cookies, since the server writes the page with them: it comes
 * in the right language and never flashes in the wrong colours.
 */
const YEAR_S = 365 * 24 * 3600;

export type Theme = "light" | "dark";

/** Keeps a choice; "" forgets it: as the browser has it. */
function keep(name: "atrium_language" | "atrium_theme", value: string): void {
  const life = value === "" ? 0 : YEAR_S;
  document.cookie = `${name}=${encodeURIComponent(value)}; path=/; max-age=${life}; samesite=lax`;
}

/** Another language: the page is loaded anew in it. */
export function chooseLanguage(tag: string): void {
  keep("atrium_language", tag);
  location.reload();
}

/** Other colours, at once; null: as the system has them. */
export function chooseTheme(theme: Theme | null): void {
  keep("atrium_theme", theme ?? "");
  if (theme) document.documentElement.dataset["theme"] = theme;
  else delete document.documentElement.dataset["theme"];
}

/** Makes the switches of a page work, wherever they are. */
export function listenToPreferences(): void {
  for (const select of document.querySelectorAll<HTMLSelectElement>("[data-language]")) {
    select.addEventListener("change", () => chooseLanguage(select.value));
  }
  for (const select of document.querySelectorAll<HTMLSelectElement>("[data-theme-choice]")) {
    select.addEventListener("change", () => chooseTheme(select.value === "light" || select.value === "dark" ? select.value : null));
  }
}
