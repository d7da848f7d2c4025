/**
 * What is measured of our media, by slot and by source. Types only: they lie below whoever measures and whoever shows.
 */
import type { Source } from "../net/messages.ts";

/** What one slot sounds like at the listener's ear, after its gain. */
export interface AtEar {
  readonly gain: number;
  readonly rms: number;
  /** The strongest frequency in Hz, null in silence. */
  readonly peakHz: number | null;
}

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
  /** Packets whose sound came once more in another one, and those of them that were not needed. */
  readonly redundantReceived: number;
  readonly redundantDiscarded: number;
  /** Grows while something is heard (before our gain). */
  readonly totalAudioEnergy: number;
  /** s of audio played so far (before our gain) */
  readonly totalSamplesDuration: number;
  /** At the ear, after our gain; null for video. */
  readonly heard: AtEar | null;
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
  /** What is sent, as `opus` or `red`; "" where the browser does not say. */
  readonly codec: string;
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
