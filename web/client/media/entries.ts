/** The browser's statistics of one connection (W3C webrtc-stats), as a list, and what is read of them in several places. */
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

/** What the way that this connection takes now has carried; null where it has none. */
export async function countsOf(pc: RTCPeerConnection): Promise<Counts | null> {
  const found = await entries(pc);
  const chosen = found.find(({ type }) => type === "transport")?.["selectedCandidatePairId"];
  const pair = chosen === undefined ? undefined : found.find((entry) => entry["id"] === chosen);
  if (!pair) return null;
  return {
    bytesSent: number(pair, "bytesSent"),
    bytesReceived: number(pair, "bytesReceived"),
    requests: number(pair, "requestsSent") + number(pair, "consentRequestsSent"),
    responses: number(pair, "responsesReceived"),
  };
}
