/** What a role in a server may do here; the server says the last word. Pure. */
import type { Role } from "../net/messages.ts";

/** From the lowest to the highest: one decides over those below oneself only. */
const RANKS: readonly Role[] = ["guest", "member", "moderator", "admin", "owner"];
const MANAGERS: readonly Role[] = ["owner", "admin"];

/** Runs the place: changes its rooms, invites, and passes locked doors. */
export function manages(role: Role): boolean {
  return MANAGERS.includes(role);
}

/** Looks after it: sends people away, takes back what others wrote. */
export function keeps(role: Role): boolean {
  return manages(role) || role === "moderator";
}

export function above(one: Role, other: Role): boolean {
  return RANKS.indexOf(one) > RANKS.indexOf(other);
}
