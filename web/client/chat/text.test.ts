import assert from "node:assert/strict";
import { test } from "node:test";
import { partsOf, sizeWords } from "./text.ts";

const links = (text: string): string[] => partsOf(text).flatMap(({ href }) => (href === null ? [] : [href]));
const whole = (text: string): string => partsOf(text).map((part) => part.text).join("");

test("an address in a sentence is a link without the sentence's own signs", () => {
  assert.deepEqual(links("See https://example.org/a?b=1. And (https://example.org/x)!"), ["https://example.org/a?b=1", "https://example.org/x"]);
  assert.deepEqual(links("https://en.wikipedia.org/wiki/Atrium_(architecture)"), ["https://en.wikipedia.org/wiki/Atrium_(architecture)"]);
  assert.deepEqual(links("“https://example.org”…"), ["https://example.org"]);
});

test("nothing but http and https is a link", () => {
  for (const text of ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "www.example.org", "https://", "https://user:pass@example.org"]) {
    assert.deepEqual(links(text), [], text);
  }
});

test("no character of a line is lost", () => {
  for (const text of ["", "plain", "https://a.b", "a https://a.b c https://d.e/f) g", "x\nhttps://a.b\ny", "<b>https://a.b</b>", "https:// https://ok.org"]) {
    assert.equal(whole(text), text);
  }
});

test("sizes are read easily", () => {
  assert.equal(sizeWords(12, "en"), "12 byte");
  assert.equal(sizeWords(830_400, "en"), "830 kB");
  assert.equal(sizeWords(1_240_000, "en"), "1.2 MB");
});
