/**
 * The publish connection: one RTCPeerConnection with four sendonly m-lines, made up front.
 *
 * Turning something on or off is `replaceTrack`, so it costs no negotiation. The SFU is ICE-lite and
 * learns our addresses from our checks, so the offer leaves without waiting for candidates.
 */
import type { IceCredentials, Source } from "../net/messages.ts";
import { cameraEncodings, inCodec, layerCount, screenEncodings, tune } from "./layers.ts";
import { SCREEN_SOUND, VOICE, withCredentials, withFirst, withOpus } from "./sdp.ts";

interface Line {
  readonly source: Source;
  readonly kind: "audio" | "video";
  readonly encodings: RTCRtpEncodingParameters[];
}

/** The order is part of the agreement with the SFU, which falls back to it for an unnamed m-line. */
const LINES: readonly Line[] = [
  { source: "mic", kind: "audio", encodings: [{ priority: "high" }] },
  { source: "camera", kind: "video", encodings: cameraEncodings() },
  { source: "screen", kind: "video", encodings: screenEncodings() },
  { source: "screen_audio", kind: "audio", encodings: [{}] },
];

export class Publication {
  readonly pc: RTCPeerConnection;
  readonly #transceivers = new Map<Source, RTCRtpTransceiver>();
  /** RIDs that somebody receives; not named: all of them. */
  readonly #wanted = new Map<Source, ReadonlySet<string>>();
  /** Codecs (VP8, H264, …) that the SFU has asked for; not named: the answer's first. */
  readonly #codecs = new Map<Source, string>();
  #answered = false;
  /** The SFU's credentials are awaited. */
  #restarting = false;
  #tuning: Promise<void> = Promise.resolve();

  constructor(iceServers: RTCIceServer[]) {
    this.pc = new RTCPeerConnection({ iceServers, bundlePolicy: "max-bundle" });
    for (const { source, kind, encodings } of LINES) {
      this.#transceivers.set(
        source,
        this.pc.addTransceiver(kind, { direction: "sendonly", sendEncodings: encodings }),
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

  /** The MID of the m-line that carries `source`, null before the offer. */
  midOf(source: Source): string | null {
    return this.#transceivers.get(source)?.mid ?? null;
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
    this.#answered = true;
  }

  /**
   * Gathers ways of this network's; the SFU's credentials for them are to follow (`restarted`). What it said of layers
   * before counts no more: it says it again.
   */
  async restart(): Promise<void> {
    this.#restarting = true;
    const said = [...this.#wanted.keys()];
    this.#wanted.clear();
    for (const source of said) await this.#tune(source);
    this.pc.restartIce();
    await this.pc.setLocalDescription();
  }

  /** The SFU expects checks with these: the answer is the one before, but for them. */
  async restarted(credentials: IceCredentials): Promise<void> {
    const answer = this.pc.remoteDescription?.sdp ?? "";
    await this.pc.setRemoteDescription({ type: "answer", sdp: withCredentials(answer, credentials) });
    this.#restarting = false;
  }

  /** Sends this track as `source` from now on; null sends nothing. */
  async send(source: Source, track: MediaStreamTrack | null): Promise<void> {
    if (this.pc.signalingState === "closed") return;
    await this.#transceivers.get(source)?.sender.replaceTrack(track);
    if (track?.kind === "video") await this.#tune(source);
  }

  /**
   * Somebody receives these layers (RIDs) of `source`, nobody the others: those rest until told otherwise. All who are
   * to see it decode `codec` (empty: nothing new).
   */
  async want(source: Source, rids: readonly string[], codec = ""): Promise<void> {
    if (!this.#answered) return; // of the connection before this one
    this.#wanted.set(source, new Set(rids));
    if (codec) this.#codecs.set(source, codec);
    await this.#tune(source);
  }

  /**
   * Sends this sound with that of the packet before in each packet (RFC 2198), or plainly: by the order of codecs in
   * the answer, which nobody else has to hear of. False where that cannot be, or not now.
   */
  async double(source: Source, on: boolean): Promise<boolean> {
    const [answer, mid] = [this.pc.remoteDescription, this.midOf(source)];
    if (!answer || mid === null || this.#restarting || this.pc.signalingState !== "stable") return false;
    const sdp = withFirst(answer.sdp, mid, on ? "red" : "opus");
    if (sdp === null) return false;
    // At one go, so that no other offer comes between the two.
    const both = [this.pc.setLocalDescription(), this.pc.setRemoteDescription({ type: "answer", sdp })];
    return Promise.all(both).then(() => true, () => false);
  }

  /** Sends what is wanted of `source`, in as many layers as its picture is worth. One change at a time. */
  #tune(source: Source): Promise<void> {
    this.#tuning = this.#tuning.then(async () => {
      const sender = this.#transceivers.get(source)?.sender;
      if (!sender?.track || this.pc.signalingState === "closed") return;
      const { width, height } = sender.track.getSettings();
      const parameters = sender.getParameters();
      const all = parameters.encodings.map(({ rid }) => rid ?? "");
      const wanted = this.#wanted.get(source) ?? new Set(all);
      const tuned = tune(parameters.encodings, layerCount(width, height), wanted);
      parameters.encodings = inCodec(tuned, parameters.codecs, this.#codecs.get(source) ?? "");
      // A browser that refuses sends more than is needed, or in another codec, which is no fault.
      await sender.setParameters(parameters).catch(() => undefined);
    });
    return this.#tuning;
  }

  close(): void {
    this.pc.close();
  }
}
