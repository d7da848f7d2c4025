/**
 * What the browser measures of our media, by slot and by source: for tests and the connection picture.
 */
import type { Source } from "../net/messages.ts";
import type { AudioGraph } from "./audio_graph.ts";
import { entries, type Entry, number } from "./entries.ts";
import type { Link } from "./link.ts";
import type { LayerStats, MediaStats, PathStats, SlotStats, SourceStats } from "./measured.ts";
import { slotOfMid, type SlotTable } from "./slots.ts";

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
    const codec = sent.find(({ id }) => id === entry["codecId"])?.["mimeType"];
    sources[source] = {
      codec: typeof codec === "string" ? (codec.split("/")[1] ?? "") : "",
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
      redundantReceived: number(entry, "fecPacketsReceived"),
      redundantDiscarded: number(entry, "fecPacketsDiscarded"),
      concealedSamples: number(entry, "concealedSamples"),
      totalAudioEnergy: number(entry, "totalAudioEnergy"),
      totalSamplesDuration: number(entry, "totalSamplesDuration"),
      heard: place.kind === "audio" ? (graph?.heard(place.slot) ?? null) : null,
    },
  ];
}
