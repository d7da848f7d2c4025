import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError, errorOf } from "./api.ts";
import { missing, valuesOf, wordsOf } from "./forms.ts";

test("texts are trimmed, empty ones left out, and a password stays as it was typed", () => {
  const values = valuesOf([["username", " ada "], ["display_name", "  "], ["password", " two words "], ["old_password", " and one"]]);
  assert.deepEqual(values, { username: "ada", password: " two words ", old_password: " and one" });
});

test("what is missing is said for each field", () => {
  assert.deepEqual(missing({ username: "ada" }, { username: "Name!", password: "Password!" }), { password: "Password!" });
});

test("an error of the API keeps its field, and is told in the reader's language where its code is known", () => {
  const error = errorOf(409, { error: { code: "username_taken", message: "Taken.", field: "username" } });
  assert.deepEqual([error.status, error.code, error.field, wordsOf(error)], [409, "username_taken", "username", "This username is taken."]);
  const field = errorOf(422, { error: { code: "bad_field", message: "Ugh.", field: "avatar" } });
  assert.equal(wordsOf(field), "There is no such avatar.");
  assert.equal(wordsOf(errorOf(413, { error: { code: "file_too_large", message: "Ugh.", figure: 2.5 } })), "A file has at most 2.5 MB here.");
  assert.equal(wordsOf(errorOf(409, { error: { code: "new_rule", message: "A rule of tomorrow." } })), "A rule of tomorrow.");
});

test("any other answer still becomes words for a person", () => {
  for (const body of [null, "<html>", [], { error: null }, { error: { code: 1, message: "x" } }]) {
    const error = errorOf(502, body);
    assert.equal(error.code, "unexpected");
    assert.ok(error.message.length > 0);
  }
  assert.match(wordsOf(new TypeError("x is undefined")), /Reload/);
  assert.equal(wordsOf(new ApiError(0, "unreachable", "No answer.")), "No answer.");
});
