/**
 * One try at being connected: a publish and a subscribe connection that live and die together.
 *
 * It tells once when both are connected and once when either is lost; trying again is the session's.
 */
import type { ClientMessage, Source } from "../net/messages.ts";
import { Publication } from "./publish.ts";
import { Subscription, type OnSlotTrack } from "./subscribe.ts";

/** Both connections stand within this, or the try has failed. */
const SETUP_MS = 12_000;
/** ICE heals a short break by itself; after this it is taken for lost. */
const DISCONNECTED_MS = 3_000;
/** For so long after a change of the network a break is one that does not heal: the old way is gone. */
const CHANGED_MS = 10_000;

export interface LinkEvents {
  send(message: ClientMessage): void;
  track: OnSlotTrack;
  connected(): void;
  /** The world did not answer in time; comes just before `lost`. */
  silent(): void;
  /** Called at most once; the link does nothing after it. */
  lost(): void;
}

export class Link {
  readonly publication: Publication;
  readonly #events: LinkEvents;
  readonly #iceServers: RTCIceServer[];
  #subscription: Subscription | null = null;
  #offers: Promise<void> = Promise.resolve();
  #setup: ReturnType<typeof setTimeout> | null;
  #disconnected: ReturnType<typeof setTimeout> | null = null;
  #changed: ReturnType<typeof setTimeout> | null = null;
  #closed = false;
  #connected = false;

  constructor(iceServers: RTCIceServer[], events: LinkEvents) {
    this.#events = events;
    this.#iceServers = iceServers;
    this.publication = new Publication(iceServers);
    this.#watch(this.publication.pc);
    this.#setup = setTimeout(() => {
      events.silent();
      this.#lose();
    }, SETUP_MS);
  }

  get subscription(): Subscription | null {
    return this.#subscription;
  }

  /** Puts the tracks in place and offers. */
  async open(tracks: ReadonlyMap<Source, MediaStreamTrack>): Promise<void> {
    try {
      await Promise.all([...tracks].map(([source, track]) => this.publication.send(source, track)));
      const offer = await this.publication.offer();
      if (!this.#closed) this.#events.send({ type: "media_offer", ...offer });
    } catch {
      this.#lose();
    }
  }

  /** The world's answer to our offer. */
  async answered(sdp: string): Promise<void> {
    try {
      await this.publication.answer(sdp);
    } catch {
      this.#lose();
    }
  }

  /** The world's offer of slots; one after the other, in the order they came. */
  offered(sdp: string): Promise<void> {
    this.#offers = this.#offers.then(() => this.#accept(sdp));
    return this.#offers;
  }

  /** The machine is on another network now: what is broken, or breaks soon, is not waited for. */
  networkChanged(): void {
    if (this.#closed) return;
    if (this.#changed !== null) clearTimeout(this.#changed);
    this.#changed = setTimeout(() => (this.#changed = null), CHANGED_MS);
    if (this.#connected && this.#states().includes("disconnected")) this.#lose();
  }

  close(): void {
    this.#closed = true;
    for (const timer of [this.#setup, this.#disconnected, this.#changed]) if (timer !== null) clearTimeout(timer);
    this.publication.close();
    this.#subscription?.close();
  }

  async #accept(sdp: string): Promise<void> {
    if (this.#closed) return;
    try {
      if (!this.#subscription?.continues(sdp)) {
        this.#subscription?.close();
        this.#subscription = new Subscription(this.#iceServers, this.#events.track);
        this.#watch(this.#subscription.pc);
      }
      const answer = await this.#subscription.accept(sdp);
      if (!this.#closed) this.#events.send({ type: "media_answer", sdp: answer });
    } catch {
      this.#lose();
    }
  }

  #states(): (RTCPeerConnectionState | undefined)[] {
    return [this.publication.pc.connectionState, this.#subscription?.pc.connectionState];
  }

  #watch(pc: RTCPeerConnection): void {
    pc.addEventListener("connectionstatechange", () => {
      if (this.#closed) return;
      const states = this.#states();
      if (states.includes("failed")) return this.#lose();
      if (states.includes("disconnected")) {
        if (this.#changed !== null) return this.#lose();
        this.#disconnected ??= setTimeout(() => this.#lose(), DISCONNECTED_MS);
        return;
      }
      if (this.#disconnected !== null) clearTimeout(this.#disconnected);
      this.#disconnected = null;
      if (!this.#connected && states.every((state) => state === "connected")) {
        this.#connected = true;
        if (this.#setup !== null) clearTimeout(this.#setup);
        this.#setup = null;
        this.#events.connected();
      }
    });
  }

  #lose(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.close();
    this.#events.lost();
  }
}
