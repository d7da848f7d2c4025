import assert from "node:assert/strict";
import { test } from "node:test";
import type { Role } from "../net/messages.ts";
import { above, keeps, manages } from "./roles.ts";

test("owner and admins run the place; moderators look after it with them", () => {
  const roles: Role[] = ["owner", "admin", "moderator", "member", "guest"];
  assert.deepEqual(roles.filter(manages), ["owner", "admin"]);
  assert.deepEqual(roles.filter(keeps), ["owner", "admin", "moderator"]);
});

test("one decides over those below oneself, not over one's like", () => {
  assert.equal(above("owner", "admin"), true);
  assert.equal(above("admin", "admin"), false);
  assert.equal(above("moderator", "admin"), false);
  assert.equal(above("moderator", "member"), true);
});
