/**
 * All media of one client: what we send, what we receive, and coming back when it breaks.
 *
 * Order of things: `start` opens a link (two connections), the world answers and offers its slots,
 * `slots` messages say whom they carry. A lost link is replaced after a pause that grows; the live
 * tracks, the mute state and the picture of the slots outlive it, so a reconnect unmutes nobody.
 */
import type { ServerMessage, Source } from "../net/messages.ts";
import { Backoff } from "./backoff.ts";
import type { Heard, LocalMedia, MediaControl, MediaEvents, Signal } from "./contract.ts";
import { type Effects, rememberedEffects, rememberEffects } from "./effects/choice.ts";
import { EchoMeter } from "./echo.ts";
import { Emitter } from "./emitter.ts";
import { Link, type LinkEvents } from "./link.ts";
import { LocalTracks } from "./local_tracks.ts";
import type { MediaStats } from "./measured.ts";
import { Meter } from "./meter.ts";
import { type OtherProblem, problemOf } from "./problems.ts";
import { type ReceivedTrack, Reception } from "./reception.ts";
import { collectStats } from "./stats.ts";

export type Media = MediaControl;

export function createMedia(signal: Signal): Media {
  return new Session(signal);
}

class Session implements Media {
  readonly #signal: Signal;
  readonly #events = new Emitter<MediaEvents>();
  readonly #backoff = new Backoff();
  readonly #tracks: LocalTracks;
  readonly #reception: Reception;
  #iceServers: RTCIceServer[] = [];
  /** The world's name for this page's media; the same again after a lost socket. */
  #name: string | undefined;
  #link: Link | null = null;
  /** Stands ready on another worker while the link goes on: see `#prepare`. */
  #next: { link: Link; tracks: ReceivedTrack[] } | null = null;
  #moved = false;
  /** All workers are full, and the person was told. */
  #waiting = false;
  /** What the media worker leaves out, as said last. */
  #level = "none";
  #meter: Meter | null = null;
  #booth = false;
  #effects = rememberedEffects();
  #retry: ReturnType<typeof setTimeout> | null = null;
  #network: AbortController | null = null;
  /** Offers that the world has not answered: an answer counts only when it is the last one due. */
  #unanswered = 0;

  constructor(signal: Signal) {
    this.#signal = signal;
    this.#reception = new Reception({
      video: (userId, source, stream) => this.#events.emit("video", userId, source, stream),
      problem: (problem) => this.#tell(problem),
    });
    this.#reception.setDirection(this.#effects.direction);
    this.#tracks = new LocalTracks({
      track: (source, track) => this.#send(source, track),
      changed: () => this.#announce(),
      problem: ({ code, message }) => this.#troubled(code, message),
    });
    void this.#tracks.setEffects(this.#effects);
  }

  /** As things are at this moment; `level` is the own microphone's, 0..1. */
  get local(): LocalMedia {
    return {
      mic: this.#tracks.on("mic"),
      camera: this.#tracks.on("camera"),
      screen: this.#tracks.on("screen"),
      watch: this.#reception.watch,
      deafened: this.#reception.deafened,
      booth: this.#booth,
      effects: this.#effects,
      cameraStream: this.#tracks.stream("camera"),
      screenStream: this.#tracks.stream("screen"),
      level: this.#meter?.level() ?? 0,
    };
  }

  /**
   * Opens the link; again after each `welcome`, unless it stands and is still what the world knows. `saved` counts
   * for what was never turned on or off on this page: later on its state is the truth, whatever a server remembers.
   */
  async start(
    iceServers: RTCIceServer[],
    saved: { mic: boolean; camera: boolean },
    session?: string,
  ): Promise<void> {
    const first = this.#reception.graph === null;
    const known = session !== undefined && session === this.#name;
    this.#name = session;
    this.#iceServers = iceServers;
    if (first) this.#reception.open();
    this.#watchNetwork();
    this.#backoff.reset();
    // On the way to another worker something may have been missed.
    if (known && this.#link?.stands && this.#retry === null && this.#next === null) {
      this.#sendState();
      this.#link.heardAgain();
      return;
    }
    this.#reception.empty();
    this.#connect();
    if (first) await Promise.all([this.#tracks.begin("mic", saved.mic), this.#tracks.begin("camera", saved.camera)]);
  }

  handle(message: ServerMessage): void {
    switch (message.type) {
      case "media_answer":
        this.#unanswered = Math.max(0, this.#unanswered - 1);
        if (this.#unanswered === 0) void (this.#next?.link ?? this.#link)?.answered(message.sdp);
        break;
      case "media_offer":
        void (this.#next?.link ?? this.#link)?.offered(message.sdp);
        break;
      case "media_restarted":
        void this.#link?.restarted(message.publish, message.subscribe);
        break;
      case "media_moving":
        this.#prepare();
        break;
      case "media_moved":
        this.#moved = true;
        break;
      case "slots":
        if (this.#moved) this.#changeOver();
        this.#reception.apply(message);
        break;
      case "muted":
        void this.setMic(false);
        break;
      case "degraded":
        // It is said anew after each lost connection: in words only where it is another level.
        if (message.level !== "none" && message.level !== this.#level) this.#tell(message.level);
        this.#level = message.level;
        break;
      case "layers_wanted":
        void this.#link?.publication.want(message.source, message.rids, message.codec);
        break;
      case "video_paused":
        this.#reception.pause(message.paused);
        break;
      case "speaking":
        this.#events.emit("speaking", new Set(message.user_ids));
        break;
      case "error":
        if (message.ref === "media_offer") this.#unanswered = Math.max(0, this.#unanswered - 1);
        if (message.code === "media_lost") {
          this.#lost(this.#link);
        } else if (message.ref === "media_restart") {
          this.#link?.restartFailed();
        } else if (message.ref === "media_offer" || message.ref === "media_answer") {
          if (this.#next) {
            this.#giveUpNext();
            break;
          }
          // Once for a wait, however often we ask meanwhile.
          if (message.code === "worker_full" && !this.#waiting) this.#tell("worker_full");
          this.#waiting = message.code === "worker_full";
          this.#lost(this.#link);
        }
        break;
    }
  }

  async setMic(on: boolean): Promise<void> {
    await this.#tracks.set("mic", on);
  }

  async setCamera(on: boolean): Promise<void> {
    await this.#tracks.set("camera", on);
  }

  async setScreen(on: boolean): Promise<void> {
    await this.#tracks.set("screen", on);
  }

  setWatch(on: boolean): void {
    if (on === this.#reception.watch) return;
    this.#reception.setWatch(on);
    this.#announce();
  }

  /** Stays so through every reconnect. */
  setDeafened(on: boolean): void {
    if (on === this.#reception.deafened) return;
    this.#reception.setDeafened(on);
    this.#events.emit("local", this.local);
  }

  setBooth(on: boolean): void {
    if (on === this.#booth) return;
    this.#booth = on;
    this.#announce();
  }

  async setEffects(wanted: Partial<Effects>): Promise<void> {
    this.#keepEffects({ ...this.#effects, ...wanted });
    await this.#tracks.setEffects(this.#effects);
  }

  async setDevices(chosen: { mic?: string; camera?: string; speaker?: string }): Promise<void> {
    const { speaker, ...captured } = chosen;
    await Promise.all([
      this.#tracks.choose(captured),
      speaker === undefined ? undefined : this.#reception.useSpeaker(speaker),
    ]);
  }

  setGain(gain: (userId: string) => number): void {
    this.#reception.setGain(gain);
  }

  setVolume(volume: (userId: string) => number): void {
    this.#reception.setVolume(volume);
  }

  setScene(scene: ((userId: string) => Heard | null) | null): void {
    this.#reception.setScene(scene);
  }

  on<K extends keyof MediaEvents>(event: K, handler: MediaEvents[K]): void {
    this.#events.on(event, handler);
  }

  async stats(): Promise<MediaStats | null> {
    return this.#link ? collectStats(this.#link, this.#reception.table, this.#reception.graph) : null;
  }

  echo(userId: string): EchoMeter | null {
    const mic = this.#tracks.tracks.get("mic");
    const { graph, table } = this.#reception;
    for (const [slot, occupant] of table.audio) {
      if (occupant.userId !== userId || occupant.source !== "mic") continue;
      const tap = graph?.tap(slot);
      return mic && tap && graph ? new EchoMeter(graph.context, mic, tap) : null;
    }
    return null;
  }

  /** Ends everything: devices, sound and connections. */
  stop(): void {
    this.#network?.abort();
    this.#network = null;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
    this.#giveUpNext();
    this.#link?.close();
    this.#link = null;
    this.#tracks.stopAll();
    this.#reception.close();
    this.#events.emit("connection", "idle");
  }

  // --- the link ------------------------------------------------------------------------------

  #connect(): void {
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
    this.#giveUpNext();
    this.#link?.close();
    this.#reception.detach();
    this.#reception.pause([]); // the new connection's worker will say
    this.#events.emit("connection", "connecting");
    const link: Link = this.#newLink({
      track: (kind, slot, track) => this.#reception.received({ kind, slot, track }),
      connected: () => {
        this.#waiting = false;
        this.#backoff.connected(performance.now());
        this.#events.emit("connection", "connected");
      },
      lost: () => this.#lost(link),
    });
    this.#link = link;
    void link.open(this.#tracks.tracks);
  }

  #newLink(events: Pick<LinkEvents, "track" | "connected" | "lost">): Link {
    return new Link(this.#iceServers, {
      ...events,
      send: (message) => {
        this.#signal.send(message);
        if (message.type === "media_restart") this.#reception.pause([]); // it is said again
        if (message.type !== "media_offer") return;
        this.#unanswered += 1;
        this.#sendState();
      },
      silent: () => {
        this.#unanswered = 0;
      },
    });
  }

  /**
   * Our media moves to another worker. A second link is made while the first goes on; what it receives
   * waits until the world says that the slots are about it now.
   */
  #prepare(): void {
    if (this.#link === null || this.#retry !== null) return; // on the way to a new one in any case
    this.#giveUpNext();
    const tracks: ReceivedTrack[] = [];
    const link: Link = this.#newLink({
      track: (kind, slot, track) => {
        if (this.#link === link) this.#reception.received({ kind, slot, track });
        else tracks.push({ kind, slot, track });
      },
      connected: () => {},
      lost: () => {
        if (this.#link === link) this.#lost(link);
        else if (this.#next?.link === link) this.#giveUpNext();
      },
    });
    this.#next = { link, tracks };
    void link.open(this.#tracks.tracks);
  }

  #changeOver(): void {
    this.#moved = false;
    if (this.#next === null) return;
    const { link, tracks } = this.#next;
    this.#next = null;
    this.#link?.close();
    this.#link = link;
    this.#reception.detach();
    for (const track of tracks) this.#reception.received(track);
    this.#backoff.connected(performance.now());
  }

  /** The first link stays the only one; the world asks again, or tells that it is over. */
  #giveUpNext(): void {
    this.#moved = false;
    this.#next?.link.close();
    this.#next = null;
  }

  /** A laptop changes from cable to Wi-Fi: the new way is taken at once, not when the old one is given up. */
  #watchNetwork(): void {
    if (this.#network) return;
    this.#network = new AbortController();
    const { signal } = this.#network;
    const changed = (fresh: boolean): void => {
      if (this.#retry === null) {
        this.#link?.networkChanged(fresh);
        return;
      }
      this.#backoff.reset();
      this.#connect();
    };
    addEventListener("online", () => changed(true), { signal });
    // Tells of every change of an estimate too.
    const { connection } = navigator as { connection?: EventTarget };
    connection?.addEventListener("change", () => changed(false), { signal });
  }

  /** `link` is over; another one follows after a pause. An older link's end is no news. */
  #lost(link: Link | null): void {
    if (link !== this.#link || link === null || this.#retry !== null) return;
    link.close();
    this.#events.emit("connection", "failed");
    const wait = this.#backoff.next(performance.now(), Math.random());
    this.#retry = setTimeout(() => this.#connect(), wait);
  }

  // --- what we send --------------------------------------------------------------------------

  #send(source: Source, track: MediaStreamTrack | null): void {
    if (source === "mic") {
      this.#meter?.close();
      const { graph } = this.#reception;
      this.#meter = track && graph ? new Meter(graph.context, track) : null;
    }
    this.#link?.publication.send(source, track).catch(() => this.#lost(this.#link));
    this.#next?.link.publication.send(source, track).catch(() => this.#giveUpNext());
  }

  #tell(problem: OtherProblem): void {
    const { code, message } = problemOf(problem);
    this.#events.emit("problem", code, message);
  }

  /** An effect that failed is not wanted any more, where things go on without it. */
  #troubled(code: string, message: string): void {
    this.#events.emit("problem", code, message);
    if (code === "noise_failed") this.#keepEffects({ ...this.#effects, noise: false });
    // With the camera off it stays wanted: nobody is shown unblurred by a failure.
    if (code === "blur_failed" && this.#tracks.on("camera")) this.#keepEffects({ ...this.#effects, blur: false });
  }

  #keepEffects(effects: Effects): void {
    this.#effects = effects;
    rememberEffects(effects);
    this.#reception.setDirection(effects.direction);
    this.#events.emit("local", this.local);
  }

  #announce(): void {
    this.#sendState();
    this.#events.emit("local", this.local);
  }

  #sendState(): void {
    const { mic, camera, screen, watch, booth } = this.local;
    this.#signal.send({ type: "media_state", mic, camera, screen, watch, ...(booth ? { booth } : {}) });
  }
}
