/** What the world refuses, as a person reads it: in their language, and in the world's English where that has no words. */
import { known } from "../i18n/words.ts";
import { sentence } from "./words.ts";

export function refusalOf({ code, message }: { code: string; message: string }): string {
  return known(`error.${code}`) ?? sentence(message);
}
