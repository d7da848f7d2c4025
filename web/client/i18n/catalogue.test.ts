/** The catalogues are complete, alike, and hold nothing that no page says. */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Catalogue, Message } from "./words.ts";

const here = dirname(fileURLToPath(import.meta.url));
const client = dirname(here);
const root = join(client, "..", "..");
const read = (tag: string): Catalogue => JSON.parse(readFileSync(join(here, `${tag}.json`), "utf8")) as Catalogue;
const tags = readdirSync(here).filter((name) => name.endsWith(".json")).map((name) => name.replace(".json", ""));
const english = read("en");

function textsBelow(folder: string, kinds: RegExp): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => kinds.test(name) && !name.includes("node_modules") && !name.includes(".test."))
    .map((name) => readFileSync(join(folder, name), "utf8"));
}

const forms = (message: Message): string[] => (typeof message === "string" ? [message] : Object.values(message));
const places = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "").sort();

test("there are English and at least three more languages", () => {
  assert.ok(tags.includes("en") && tags.length >= 4, tags.join());
});

for (const tag of tags) {
  const words = read(tag);

  test(`${tag} has every key, in the order of the English catalogue, and no other`, () => {
    assert.deepEqual(Object.keys(words), Object.keys(english));
  });

  test(`${tag} has the parameters of each message, and says something`, () => {
    for (const [key, message] of Object.entries(words)) {
      const wanted = new Set(forms(english[key] ?? "").flatMap(places));
      for (const text of forms(message)) {
        assert.ok(text.trim() === text && text !== "", `${key} is empty or has blanks around it`);
        // A plural form may say its number in a word.
        const without = typeof message === "string" ? "" : "count";
        const found = new Set(places(text));
        assert.deepEqual([...found].filter((name) => !wanted.has(name)), [], `${key} has a parameter that English lacks`);
        assert.deepEqual([...wanted].filter((name) => !found.has(name) && name !== without), [], `${key} lacks a parameter`);
      }
    }
  });

  test(`${tag} has plural forms where English has, and those of its language`, () => {
    const rules = new Intl.PluralRules(tag).resolvedOptions().pluralCategories;
    for (const [key, message] of Object.entries(words)) {
      assert.equal(typeof message, typeof english[key], key);
      if (typeof message === "string") continue;
      for (const form of Object.keys(message)) assert.ok((rules as string[]).includes(form), `${key}: ${form}`);
      assert.ok("one" in message && "other" in message, key);
    }
  });
}

/** Refusals that no button of a page leads to (those of devices, programs and broken clients), that media has words for, or with a figure. */
const NOT_MET = [
  "bad_field", "bad_json", "bad_sdp", "cross_site", "gone", "join_first", "joined_already", "may_not_play",
  "may_not_publish", "media_failed", "media_lost", "no_media", "no_media_worker", "not_found", "other_ice_session",
  "out_of_hearing", "precondition_required", "resource_unknown", "ticket_missing", "too_large", "too_many_devices",
  "unsupported_type", "wrong_zone", "zone_mismatch", "too_many_zones", "no_ice_restart", "worker_full",
];

test("what the world refuses to people has words in the catalogue", () => {
  const world = textsBelow(join(root, "world"), /\.py$/).join("\n");
  const codes = [...world.matchAll(/(?:Error|Refused|Refusal)\(\s*(?:\d+,\s*)?"([a-z_]+)"/g)].map(([, code]) => code ?? "");
  assert.ok(codes.length > 50, "the source says them otherwise now");
  const without = codes.filter((code) => !(`error.${code}` in english));
  assert.deepEqual([...new Set(without)].filter((code) => !NOT_MET.includes(code)).sort(), []);
  assert.deepEqual(NOT_MET.filter((code) => !without.includes(code)), [], "these have words, or are not said");
});

test("every key is said somewhere, and every key that is said exists", () => {
  const sources = [...textsBelow(client, /\.ts$/), ...textsBelow(join(root, "web", "templates"), /\.html$/), ...textsBelow(join(root, "web"), /^[a-z_]+\.py$/)].join("\n");
  // Codes of the server are joined to "error." at run time: their other half stands in the world's source.
  const codes = textsBelow(join(root, "world"), /\.py$/).join("\n");
  const said = (key: string): boolean => {
    if (sources.includes(`"${key}"`)) return true;
    const [area, first = "", ...rest] = key.split(".");
    if (area === "page_error") return sources.includes("page_error.");
    return area === "error" && [first, ...rest].every((part) => codes.includes(`"${part}"`));
  };
  assert.deepEqual(Object.keys(english).filter((key) => !said(key)), [], "nobody says these");
  const asked = [...sources.matchAll(/\bt\("([a-z_.0-9]+)"/g)].map(([, key]) => key ?? "");
  assert.deepEqual(asked.filter((key) => !(key in english)), [], "these are not in the catalogue");
});
