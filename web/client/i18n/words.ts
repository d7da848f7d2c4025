/**
 * The words of the page in the reader's language: `t("login.head")`.
 *
 * A language is one JSON file beside this one, keys alike in all; the server writes its templates out of
 * the same files. Which language a page has is decided there (the person's choice, else the
 * browser's), stands in `<html lang>`, and for any other than English comes as a script of its own before the
 * page's. So words are there at once, also at the top of a module, and a bundle holds English alone.
 */
import en from "./en.json" with { type: "json" };

export type Key = keyof typeof en;
export type Params = Readonly<Record<string, string | number>>;
/** A sentence, or one for each of the language's plural forms, chosen by the parameter `count`. */
export type Message = string | (Partial<Record<Intl.LDMLPluralRule, string>> & { other: string });
export type Catalogue = Readonly<Record<string, Message>>;

const translated = (globalThis as { atriumWords?: Catalogue }).atriumWords;

/** The language of the words below (BCP 47), for dates and numbers too. */
export const language = translated ? document.documentElement.lang : "en";

/** Makes the `t` of one language. Pure. */
export function translator(words: Catalogue, tag: string): (key: string, params?: Params) => string {
  const plural = new Intl.PluralRules(tag);
  const number = new Intl.NumberFormat(tag);
  return (key, params = {}) => {
    const message = words[key] ?? (en as Catalogue)[key] ?? key;
    const form = typeof message === "string" ? message : (message[plural.select(Number(params["count"]))] ?? message.other);
    return form.replace(/\{(\w+)\}/g, (whole, name: string) => {
      const value = params[name];
      return typeof value === "number" ? number.format(value) : (value ?? whole);
    });
  };
}

const say = translator(translated ?? en, language);

/** The words for `key`, with `{name}` replaced by `params.name`. */
export function t(key: Key, params?: Params): string {
  return say(key, params);
}

/** The words for a code that comes from the server (`error.` and the code), else null. */
export function known(key: string, params?: Params): string | null {
  return Object.hasOwn(en, key) ? say(key, params) : null;
}

/** "Ada", "Ada and Bob", "Ada, Bob and Cleo" */
export function listed(names: readonly string[]): string {
  return new Intl.ListFormat(language, { type: "conjunction" }).format(names);
}
