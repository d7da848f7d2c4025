/** Figures as people read them, in their language. */
import { language } from "../i18n/words.ts";

const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
const one = new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const two = new Intl.NumberFormat(language, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const percent = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat(language, { timeStyle: "medium" });

const UNKNOWN = "–";
const told = (value: number, words: (value: number) => string): string =>
  Number.isFinite(value) && value >= 0 ? words(value) : UNKNOWN;

export const count = (value: number): string => told(value, (n) => whole.format(n));
export const cores = (value: number): string => told(value, (n) => two.format(n));
export const part = (value: number): string => told(value, (n) => percent.format(n));
export const milliseconds = (seconds: number): string => told(seconds, (n) => `${whole.format(n * 1000)} ms`);
export const microseconds = (value: number): string => told(value, (n) => `${one.format(n)} µs`);
export const kbit = (value: number): string =>
  told(value, (n) => (n >= 1000 ? `${one.format(n / 1000)} Mbit/s` : `${whole.format(n)} kbit/s`));
export const time = (at: number): string => clock.format(at * 1000);
