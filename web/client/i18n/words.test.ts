import assert from "node:assert/strict";
import { test } from "node:test";
import { known, t, translator } from "./words.ts";

test("parameters are put in, and one that is missing stays visible", () => {
  const say = translator({ greeting: "Hello {name}, {name} of {place}!" }, "en");
  assert.equal(say("greeting", { name: "Ada" }), "Hello Ada, Ada of {place}!");
});

test("a number takes the plural form and the digits of its language", () => {
  const words = { people: { one: "{count} Person", other: "{count} Personen" } };
  const say = translator(words, "de");
  assert.deepEqual([1, 0, 1234].map((count) => say("people", { count })), ["1 Person", "0 Personen", "1.234 Personen"]);
  assert.equal(translator({ people: { one: "{count} membre", other: "{count} membres" } }, "fr")("people", { count: 0 }), "0 membre");
});

test("a form that a language's catalogue does not have is told as its other one", () => {
  const say = translator({ people: { one: "uno", other: "muchos" } }, "es");
  assert.equal(say("people", { count: 1_000_000 }), "muchos"); // CLDR: "many"
});

test("a parameter cannot bring in another one", () => {
  assert.equal(translator({ line: "{a} {b}" }, "en")("line", { a: "{b}", b: "x" }), "{b} x");
});

test("a key that a catalogue lacks is said in English", () => {
  assert.equal(translator({}, "de")("common.cancel"), t("common.cancel"));
});

test("a code of the server has words or none", () => {
  assert.equal(known("error.server_unknown"), "There is no such server.");
  assert.equal(known("error.of_another_year"), null);
  assert.equal(known("toString"), null);
});
