/**
 * When to come back after a lost connection. Pure: chance is handed in, nothing waits here.
 */
import type { Closing } from "./messages.ts";

export const FIRST_MS = 500;
export const LONGEST_MS = 10_000;
/** A restarting server is met by all its clients at once: each waits up to this much longer. */
const SPREAD = 0.5;

export type Verdict = { come: "back"; afterMs: number } | { come: "never"; code: string; message: string };

/**
 * `attempt` counts failures since the last welcome, from 0; `chance` is uniform in 0..1; `closing` is
 * the world's last word, if it had one.
 */
export function afterLoss(attempt: number, chance: number, closing: Closing | null): Verdict {
  if (closing && closing.retry_ms === null) {
    return { come: "never", code: closing.code, message: closing.message };
  }
  const wait = Math.min(FIRST_MS * 2 ** Math.min(attempt, 10), LONGEST_MS);
  const spread = wait * (1 - SPREAD + SPREAD * chance);
  // The world's own wish counts once; when it is still away then, the usual growing pauses follow.
  if (closing?.retry_ms != null) return { come: "back", afterMs: closing.retry_ms + spread };
  return { come: "back", afterMs: spread };
}
