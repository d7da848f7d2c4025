import assert from "node:assert/strict";
import { test } from "node:test";
import { hueOf, initials } from "./face.ts";

test("initials stand for a name in any script", () => {
  assert.equal(initials("Ada Lovelace"), "AL");
  assert.equal(initials("grace"), "G");
  assert.equal(initials("Ana María de la Cruz"), "AC");
  assert.equal(initials("李 小龙"), "李小");
  assert.equal(initials("🙂 🙃"), "?");
  assert.equal(initials("x_y-z"), "XZ");
});

test("a hue is a person's own and always a hue", () => {
  assert.equal(hueOf("a"), hueOf("a"));
  const hues = new Set(Array.from({ length: 60 }, (_, index) => hueOf(`guest-${index}`)));
  assert.ok(hues.size > 45);
  for (const hue of hues) assert.ok(Number.isInteger(hue) && hue >= 0 && hue < 360);
});
