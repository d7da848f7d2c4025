/**
 * One try at being connected: a publish and a subscribe connection that live and die together.
 *
 * A way that breaks is looked for anew on the same connections (an ICE restart): whoever walks from Wi-Fi into
 * the street keeps session, slots and sound. It tells once when both are connected and once when either is
 * lost; trying again is the session's.
 */
import type { ClientMessage, IceCredentials, Source } from "../net/messages.ts";
import { countsOf, entries, sentOf } from "./entries.ts";
import { Publication } from "./publish.ts";
import { Redundancy } from "./redundancy.ts";
import { Stillness } from "./stillness.ts";
import { Subscription, type OnSlotTrack } from "./subscribe.ts";

/** Both connections stand within this, or the try has failed. */
const SETUP_MS = 12_000;
/** ICE heals a short break by itself; after this other ways are looked for, which costs next to nothing. */
const DISCONNECTED_MS = 1_000;
/** A restart that has not connected by then comes to nothing. */
const RESTART_MS = 5_000;
/** For so long after a change of the network a break is one that does not heal: the old way is gone. */
const CHANGED_MS = 10_000;
/** How often is looked whether anything still comes. */
const LOOK_MS = 500;

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
  #restarting: ReturnType<typeof setTimeout> | null = null;
  #looking: ReturnType<typeof setInterval> | null = null;
  #stillness: [publication: Stillness, subscription: Stillness] = [new Stillness(true), new Stillness(false)];
  readonly #redundancy = new Redundancy();
  #redundant = false;
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

  /** The world's answer to a restart; one that was not asked for, or is too late, is nothing. */
  async restarted(publish: IceCredentials, subscribe: IceCredentials | null): Promise<void> {
    if (this.#closed || this.#restarting === null) return;
    try {
      await this.publication.restarted(publish);
      if (subscribe) await this.#subscription?.restarted(subscribe);
    } catch {
      this.#lose();
    }
  }

  /** The world could not restart: only another link helps. */
  restartFailed(): void {
    if (this.#restarting !== null) this.#lose();
  }

  /**
   * The machine is on another network now: what is broken, or breaks soon, is not waited for. `fresh`: it was
   * on none before, so that the old ways lead nowhere, whatever ICE still believes.
   */
  networkChanged(fresh: boolean): void {
    if (this.#closed) return;
    if (this.#changed !== null) clearTimeout(this.#changed);
    this.#changed = setTimeout(() => (this.#changed = null), CHANGED_MS);
    if (fresh) this.#stopRestart(); // what is under way began on the network before
    if (this.#connected && (fresh || this.#states().includes("disconnected"))) void this.#restart();
  }

  /** Both connections have stood, and neither is given up. */
  get stands(): boolean {
    return this.#connected && !this.#closed;
  }

  /** The world hears us again after a while. What it said meanwhile is said anew with a restart. */
  heardAgain(): void {
    this.#stopRestart();
    void this.#restart();
  }

  close(): void {
    this.#closed = true;
    for (const timer of [this.#setup, this.#disconnected, this.#changed, this.#restarting]) {
      if (timer !== null) clearTimeout(timer);
    }
    if (this.#looking !== null) clearInterval(this.#looking);
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
        if (this.#restarting !== null) return; // its time is running
        if (this.#changed !== null) void this.#restart();
        else this.#disconnected ??= setTimeout(() => void this.#restart(), DISCONNECTED_MS);
        return;
      }
      this.#stopWaiting();
      if (!this.#connected && states.every((state) => state === "connected")) {
        this.#connected = true;
        if (this.#setup !== null) clearTimeout(this.#setup);
        this.#setup = null;
        this.#looking = setInterval(() => void this.#look(), LOOK_MS);
        this.#events.connected();
      }
    });
  }

  /** A way that breaks is often seen here long before ICE says so, and one that loses much. */
  async #look(): Promise<void> {
    const pcs = [this.publication.pc, this.#subscription?.pc];
    const found = await Promise.all(pcs.map((pc) => (pc ? entries(pc) : [])));
    if (this.#closed) return;
    const now = performance.now();
    const still = this.#stillness.map((one, index) => one.look(countsOf(found[index] ?? []), now));
    if (still.includes(true)) void this.#restart();
    const redundant = this.#redundancy.look(sentOf(found[0] ?? [], this.publication.midOf("mic")), now);
    if (redundant !== this.#redundant && (await this.publication.double("mic", redundant))) this.#redundant = redundant;
  }

  /** Looks for other ways on the same connections. Before they stood for the first time that is no use. */
  async #restart(): Promise<void> {
    this.#stopWaiting();
    if (!this.#connected) return this.#lose();
    if (this.#closed || this.#restarting !== null) return;
    this.#restarting = setTimeout(() => {
      this.#restarting = null;
      if (!this.#states().every((state) => state === "connected")) this.#lose();
    }, RESTART_MS);
    try {
      await this.publication.restart();
      if (!this.#closed) this.#events.send({ type: "media_restart" });
    } catch {
      this.#lose();
    }
  }

  #stopRestart(): void {
    if (this.#restarting !== null) clearTimeout(this.#restarting);
    this.#restarting = null;
  }

  #stopWaiting(): void {
    if (this.#disconnected !== null) clearTimeout(this.#disconnected);
    this.#disconnected = null;
  }

  #lose(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.close();
    this.#events.lost();
  }
}
