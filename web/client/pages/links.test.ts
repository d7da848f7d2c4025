import assert from "node:assert/strict";
import { test } from "node:test";
import { destination } from "./links.ts";

const ORIGIN = "https://atrium.example:8443";
const path = (pasted: string): string | null => {
  const found = destination(pasted, ORIGIN);
  return "path" in found ? found.path : null;
};
const error = (pasted: string): string => {
  const found = destination(pasted, ORIGIN);
  return "error" in found ? found.error : "";
};

test("invitations, servers and meetings are found in full links, paths and links without a scheme", () => {
  assert.equal(path(`${ORIGIN}/join/q3mXK0v8bN2fYt5w`), "/join/q3mXK0v8bN2fYt5w");
  assert.equal(path(`  ${ORIGIN}/m/abc-DEF_123?x=1#y `), "/m/abc-DEF_123");
  assert.equal(path("/s/7d1f0c9e"), "/s/7d1f0c9e");
  assert.equal(path("atrium.example:8443/s/7d1f0c9e/"), "/s/7d1f0c9e/");
});

test("a bare code is an invitation", () => {
  assert.equal(path(" q3mXK0v8bN2fYt5w "), "/join/q3mXK0v8bN2fYt5w");
});

test("another site's link is named and not followed", () => {
  assert.match(error("https://evil.example/join/q3mXK0v8bN2fYt5w"), /evil\.example/);
  assert.match(error("//evil.example/m/abc"), /evil\.example/);
});

test("anything else is neither a link nor a code", () => {
  for (const pasted of ["hello", "a b", "/dashboard", "javascript:alert(1)", `${ORIGIN}/m/`, `${ORIGIN}/m/a/b`, "http://", "/join/../m"]) {
    assert.match(error(pasted), /neither/, pasted);
  }
});
