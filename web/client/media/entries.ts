/** The browser's statistics of one connection (W3C webrtc-stats), as a list, and what is read of them in several places. */
import type { Sent } from "./redundancy.ts";
import type { Counts } from "./stillness.ts";

export type Entry = Record<string, unknown> & { type: string };

/** 0 where the browser does not count it. */
export const number = (entry: Entry, key: string): number => {
  const value = entry[key];
  return typeof value === "number" ? value : 0;
};

export async function entries(pc: RTCPeerConnection): Promise<Entry[]> {
  const found: Entry[] = [];
  (await pc.getStats()).forEach((entry: Entry) => found.push(entry));
  return found;
}

function pairOf(found: readonly Entry[]): Entry | undefined {
  const chosen = found.find(({ type }) => type === "transport")?.["selectedCandidatePairId"];
  return chosen === undefined ? undefined : found.find((entry) => entry["id"] === chosen);
}

/** What the way that a connection takes now has carried; null where it has none. */
export function countsOf(found: readonly Entry[]): Counts | null {
  const pair = pairOf(found);
  if (!pair) return null;
  return {
    bytesSent: number(pair, "bytesSent"),
    bytesReceived: number(pair, "bytesReceived"),
    requests: number(pair, "requestsSent") + number(pair, "consentRequestsSent"),
    responses: number(pair, "responsesReceived"),
  };
}

/** What is known of the sound that goes out on the m-line with this MID; null before the server has said anything of it. */
export function sentOf(found: readonly Entry[], mid: string | null): Sent | null {
  const out = found.find((entry) => entry.type === "outbound-rtp" && entry["mid"] === mid);
  const heard = out && found.find((entry) => entry.type === "remote-inbound-rtp" && entry["localId"] === out["id"]);
  if (!out || !heard) return null;
  const estimate = pairOf(found)?.["availableOutgoingBitrate"];
  return {
    packets: number(out, "packetsSent"),
    lost: number(heard, "packetsLost"),
    estimate: typeof estimate === "number" ? estimate : null,
  };
}
