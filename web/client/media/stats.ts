/**
 * What the browser measures of our media, by slot and by source: for tests and the connection picture.
 */
import type { Source } from "../net/messages.ts";
import type { AudioGraph, Heard } from "./audio_graph.ts";
import type { Link } from "./link.ts";
import { slotOfMid, type SlotTable } from "./slots.ts";

export interface SlotStats {
  readonly kind: "audio" | "video";
  readonly slot: number;
  /** Who is in the slot now; null when it is empty. */
  readonly userId: string | null;
  readonly source: Source | null;
  readonly packetsReceived: number;
  readonly bytesReceived: number;
  readonly packetsLost: number;
  /** s */
  readonly jitter: number;
  readonly framesDecoded: number;
  readonly freezeCount: number;
  readonly frameWidth: number;
  readonly frameHeight: number;
  readonly framesPerSecond: number;
  /** s that packets wait for their turn, on average over all so far */
  readonly bufferDelay: number;
  readonly concealedSamples: number;
  /** Grows while something is heard (before our gain). */
  readonly totalAudioEnergy: number;
  /** s of audio played so far (before our gain) */
  readonly totalSamplesDuration: number;
  /** At the ear, after our gain; null for video. */
  readonly heard: Heard | null;
}

export interface LayerStats {
  /** "" where there is one encoding only. */
  readonly rid: string;
  readonly active: boolean;
  readonly packetsSent: number;
  readonly bytesSent: number;
  readonly framesPerSecond: number;
  readonly frameWidth: number;
  readonly frameHeight: number;
  /** none, cpu, bandwidth or other */
  readonly limitation: string;
}

/** Of all layers together; pictures are those of the layer that has most. */
export interface SourceStats {
  readonly packetsSent: number;
  readonly bytesSent: number;
  readonly framesEncoded: number;
  readonly keyFramesEncoded: number;
  readonly layers: readonly LayerStats[];
}

/** The way that a connection takes. */
export interface PathStats {
  /** host, srflx, prflx: direct; relay: through a TURN server. */
  readonly type: string;
  readonly protocol: string;
  readonly roundTripMs: number | null;
  /** bit/s that the browser thinks it may send, null where it says nothing. */
  readonly estimate: number | null;
}

export interface MediaStats {
  readonly publish: RTCPeerConnectionState;
  readonly subscribe: RTCPeerConnectionState | "none";
  /** Round trip to the SFU in ms, null before it is known. */
  readonly roundTripMs: number | null;
  readonly publishPath: PathStats | null;
  readonly subscribePath: PathStats | null;
  readonly sources: Partial<Record<Source, SourceStats>>;
  readonly slots: readonly SlotStats[];
}

type Entry = Record<string, unknown> & { type: string };

const number = (entry: Entry, key: string): number => {
  const value = entry[key];
  return typeof value === "number" ? value : 0;
};

async function entries(pc: RTCPeerConnection): Promise<Entry[]> {
  const found: Entry[] = [];
  (await pc.getStats()).forEach((entry: Entry) => found.push(entry));
  return found;
}

export async function collectStats(
  link: Link,
  table: SlotTable,
  graph: AudioGraph | null,
): Promise<MediaStats> {
  const { publication, subscription } = link;
  const sent = await entries(publication.pc);
  const received = subscription ? await entries(subscription.pc) : [];
  const sources: Partial<Record<Source, SourceStats>> = {};
  for (const entry of sent) {
    if (entry.type !== "outbound-rtp") continue;
    const source = publication.sourceOf(String(entry["mid"]));
    if (!source) continue;
    const others = sources[source]; // layers of the same source
    sources[source] = {
      packetsSent: (others?.packetsSent ?? 0) + number(entry, "packetsSent"),
      bytesSent: (others?.bytesSent ?? 0) + number(entry, "bytesSent"),
      framesEncoded: Math.max(others?.framesEncoded ?? 0, number(entry, "framesEncoded")),
      keyFramesEncoded: (others?.keyFramesEncoded ?? 0) + number(entry, "keyFramesEncoded"),
      layers: [...(others?.layers ?? []), layerStats(entry)],
    };
  }
  const publishPath = pathOf(sent);
  return {
    publish: publication.pc.connectionState,
    subscribe: subscription?.pc.connectionState ?? "none",
    roundTripMs: publishPath?.roundTripMs ?? null,
    publishPath,
    subscribePath: pathOf(received),
    sources,
    slots: received.flatMap((entry) => slotStats(entry, table, graph)),
  };
}

function layerStats(entry: Entry): LayerStats {
  return {
    rid: String(entry["rid"] ?? ""),
    active: entry["active"] !== false,
    packetsSent: number(entry, "packetsSent"),
    bytesSent: number(entry, "bytesSent"),
    framesPerSecond: number(entry, "framesPerSecond"),
    frameWidth: number(entry, "frameWidth"),
    frameHeight: number(entry, "frameHeight"),
    limitation: String(entry["qualityLimitationReason"] ?? "none"),
  };
}

function pathOf(entries: readonly Entry[]): PathStats | null {
  const pairs = entries.filter((entry) => entry.type === "candidate-pair" && entry["nominated"] === true);
  const pair = pairs.find((entry) => entry["state"] === "succeeded") ?? pairs[0];
  if (!pair) return null;
  const local = entries.find((entry) => entry.type === "local-candidate" && entry["id"] === pair["localCandidateId"]);
  const roundTrip = pair["currentRoundTripTime"];
  const estimate = pair["availableOutgoingBitrate"];
  return {
    type: String(local?.["candidateType"] ?? "?"),
    protocol: String(local?.["relayProtocol"] ?? local?.["protocol"] ?? "?"),
    roundTripMs: typeof roundTrip === "number" ? roundTrip * 1000 : null,
    estimate: typeof estimate === "number" ? estimate : null,
  };
}

function slotStats(entry: Entry, table: SlotTable, graph: AudioGraph | null): SlotStats[] {
  const place = entry.type === "inbound-rtp" ? slotOfMid(String(entry["mid"])) : null;
  if (!place) return [];
  const who =
    place.kind === "audio"
      ? table.audio.get(place.slot)
      : table.video.find(({ slot }) => slot === place.slot);
  return [
    {
      ...place,
      userId: who?.userId ?? null,
      source: who?.source ?? null,
      packetsReceived: number(entry, "packetsReceived"),
      bytesReceived: number(entry, "bytesReceived"),
      packetsLost: number(entry, "packetsLost"),
      jitter: number(entry, "jitter"),
      framesDecoded: number(entry, "framesDecoded"),
      freezeCount: number(entry, "freezeCount"),
      frameWidth: number(entry, "frameWidth"),
      frameHeight: number(entry, "frameHeight"),
      framesPerSecond: number(entry, "framesPerSecond"),
      bufferDelay: number(entry, "jitterBufferDelay") / Math.max(number(entry, "jitterBufferEmittedCount"), 1),
      concealedSamples: number(entry, "concealedSamples"),
      totalAudioEnergy: number(entry, "totalAudioEnergy"),
      totalSamplesDuration: number(entry, "totalSamplesDuration"),
      heard: place.kind === "audio" ? (graph?.heard(place.slot) ?? null) : null,
    },
  ];
}
