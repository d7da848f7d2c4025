/**
 * The publish connection: one RTCPeerConnection with four sendonly m-lines, made up front.
 *
 * Turning something on or off is `replaceTrack`, so it costs no negotiation. The SFU is ICE-lite and
 * learns our addresses from our checks, so the offer leaves without waiting for candidates.
 */
import type { Source } from "../net/messages.ts";
import { SCREEN_SOUND, VOICE, withOpus } from "./sdp.ts";

interface Line {
  readonly source: Source;
  readonly kind: "audio" | "video";
  readonly encoding: RTCRtpEncodingParameters;
}

/** The order is part of the agreement with the SFU, which falls back to it for an unnamed m-line. */
const LINES: readonly Line[] = [
  { source: "mic", kind: "audio", encoding: { priority: "high" } },
  { source: "camera", kind: "video", encoding: { maxBitrate: 600_000, maxFramerate: 24 } },
  { source: "screen", kind: "video", encoding: { maxBitrate: 2_500_000, maxFramerate: 15 } },
  { source: "screen_audio", kind: "audio", encoding: {} },
];

export class Publication {
  readonly pc: RTCPeerConnection;
  readonly #transceivers = new Map<Source, RTCRtpTransceiver>();

  constructor(iceServers: RTCIceServer[]) {
    this.pc = new RTCPeerConnection({ iceServers, bundlePolicy: "max-bundle" });
    for (const { source, kind, encoding } of LINES) {
      this.#transceivers.set(
        source,
        this.pc.addTransceiver(kind, { direction: "sendonly", sendEncodings: [encoding] }),
      );
    }
  }

  /** The offer and what each of its m-lines (by MID) carries. */
  async offer(): Promise<{ sdp: string; sources: Record<string, Source> }> {
    await this.pc.setLocalDescription();
    const sources: Record<string, Source> = {};
    for (const [source, { mid }] of this.#transceivers) {
      if (mid !== null) sources[mid] = source;
    }
    return { sdp: this.pc.localDescription?.sdp ?? "", sources };
  }

  /** What the m-line with this MID carries. */
  sourceOf(mid: string): Source | null {
    for (const [source, transceiver] of this.#transceivers) {
      if (transceiver.mid === mid) return source;
    }
    return null;
  }

  /** Takes the SFU's answer; throws when the browser does not accept it. */
  async answer(sdp: string): Promise<void> {
    let tuned = sdp;
    for (const [source, wishes] of [["mic", VOICE], ["screen_audio", SCREEN_SOUND]] as const) {
      const mid = this.#transceivers.get(source)?.mid;
      if (mid != null) tuned = withOpus(tuned, mid, wishes);
    }
    await this.pc.setRemoteDescription({ type: "answer", sdp: tuned });
  }

  /** Sends this track as `source` from now on; null sends nothing. */
  async send(source: Source, track: MediaStreamTrack | null): Promise<void> {
    if (this.pc.signalingState === "closed") return;
    await this.#transceivers.get(source)?.sender.replaceTrack(track);
  }

  close(): void {
    this.pc.close();
  }
}
