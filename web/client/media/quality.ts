/**
 * A plain picture of the connection out of what the browser measures: good, fair or poor, and why. Pure.
 *
 * Limits: ITU-T G.114 calls up to 150 ms one way (here: round trip to the server, half of the way) unnoticed and
 * 400 ms bad; a few per cent of lost voice are concealed, ten are not.
 */
import type { MediaStats } from "./measured.ts";

export type Grade = "good" | "fair" | "poor";

export interface Quality {
  readonly grade: Grade;
  /** ms, null before it is known */
  readonly roundTripMs: number | null;
  /** 0..1, of what was sent to us since the last look */
  readonly loss: number;
  /** Pictures that stood still since the last look. */
  readonly freezes: number;
}

const FAIR = { roundTripMs: 150, loss: 0.02, freezes: 1 };
const POOR = { roundTripMs: 400, loss: 0.08, freezes: 3 };

/** What has changed between two looks; null stats: there is no connection. */
export function qualityOf(before: MediaStats | null, now: MediaStats | null): Quality {
  if (!now || now.publish !== "connected") return { grade: "poor", roundTripMs: null, loss: 0, freezes: 0 };
  const known = new Map(before?.slots.map((slot) => [`${slot.kind}${slot.slot}`, slot]));
  let [received, lost, freezes] = [0, 0, 0];
  for (const slot of now.slots) {
    const earlier = known.get(`${slot.kind}${slot.slot}`);
    if (!earlier) continue;
    received += Math.max(slot.packetsReceived - earlier.packetsReceived, 0);
    lost += Math.max(slot.packetsLost - earlier.packetsLost, 0);
    freezes += Math.max(slot.freezeCount - earlier.freezeCount, 0);
  }
  const loss = received + lost > 0 ? lost / (received + lost) : 0;
  const { roundTripMs } = now;
  const reaches = (limit: typeof FAIR): boolean =>
    (roundTripMs ?? 0) >= limit.roundTripMs || loss >= limit.loss || freezes >= limit.freezes;
  return { grade: reaches(POOR) ? "poor" : reaches(FAIR) ? "fair" : "good", roundTripMs, loss, freezes };
}
