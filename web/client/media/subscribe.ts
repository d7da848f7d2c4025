/**
 * The subscribe connection: the SFU offers a pool of slots, we answer at once and hand each slot's
 * track to the owner. Which slot carries whom is not known here (slots.ts).
 *
 * Answering comes first and nothing waits in between: media that arrives before the answer is lost
 * together with its keyframe.
 */
import type { IceCredentials } from "../net/messages.ts";
import { iceUfrag, withCredentials } from "./sdp.ts";
import { slotOfMid } from "./slots.ts";

export type OnSlotTrack = (
  kind: "audio" | "video",
  slot: number,
  track: MediaStreamTrack,
) => void;

export class Subscription {
  readonly pc: RTCPeerConnection;
  #ufrag: string | null = null;

  constructor(iceServers: RTCIceServer[], onTrack: OnSlotTrack) {
    this.pc = new RTCPeerConnection({ iceServers, bundlePolicy: "max-bundle" });
    this.pc.addEventListener("track", ({ track, transceiver }) => {
      const place = slotOfMid(transceiver.mid);
      if (!place) return;
      onTrack(place.kind, place.slot, track);
    });
  }

  /** True where the offer grows this connection's pool; false where it starts another connection. */
  continues(sdp: string): boolean {
    return this.pc.signalingState !== "closed" && this.#ufrag !== null && this.#ufrag === iceUfrag(sdp);
  }

  /** Takes the SFU's offer; resolves to the answer. Throws when the browser does not accept it. */
  async accept(sdp: string): Promise<string> {
    this.#ufrag = iceUfrag(sdp);
    await this.pc.setRemoteDescription({ type: "offer", sdp });
    await this.pc.setLocalDescription();
    return this.pc.localDescription?.sdp ?? "";
  }

  /** The SFU expects checks with these: its offer is the one before, but for them, and our answer tells it nothing. */
  async restarted(credentials: IceCredentials): Promise<void> {
    await this.accept(withCredentials(this.pc.remoteDescription?.sdp ?? "", credentials));
  }

  close(): void {
    this.pc.close();
  }
}
