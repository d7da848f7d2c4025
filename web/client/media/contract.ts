/**
 * What the media session is to the pages that use it: this is the whole seam.
 *
 * The session captures, sends, receives and plays; it knows no map and draws nothing. Pages show the
 * streams that it hands out and say how loud everybody is.
 */
import type { ClientMessage, ServerMessage } from "../net/messages.ts";
import type { EchoMeter } from "./echo.ts";
import type { MediaStats } from "./measured.ts";
import type { Effects } from "./effects/choice.ts";

export interface MediaEvents {
  /** A null stream: it ended. */
  video: (userId: string, source: "camera" | "screen", stream: MediaStream | null) => void;
  speaking: (userIds: ReadonlySet<string>) => void;
  /** Any change of the own devices or flags. */
  local: (state: LocalMedia) => void;
  connection: (state: "idle" | "connecting" | "connected" | "failed") => void;
  /** Permission denied, no device …: `message` is a sentence for the person. */
  problem: (code: string, message: string) => void;
}

export interface LocalMedia {
  mic: boolean;
  camera: boolean;
  screen: boolean;
  /** False in mic-only mode: no video is received. */
  watch: boolean;
  /** I hear nobody; the server is not told. */
  deafened: boolean;
  /** In the echo booth: nobody hears me but myself. */
  booth: boolean;
  readonly effects: Effects;
  cameraStream: MediaStream | null;
  screenStream: MediaStream | null;
  /** The own microphone's level now, 0..1. */
  level: number;
}

/** How a voice reaches me. */
export interface Heard {
  /** Where it comes from, as seen from me: right, down (in front of me), in map px. */
  readonly dx: number;
  readonly dy: number;
  /** 0: free air, 1: a wall between us. */
  readonly muffled: number;
}

export interface MediaControl {
  readonly local: LocalMedia;
  /**
   * After `welcome`; begins anew when called again, except where `session`, the world's name for my media, is the one
   * before and its connections stand: then only the world's socket was lost, and they go on.
   */
  start(iceServers: RTCIceServer[], saved: { mic: boolean; camera: boolean }, session?: string): Promise<void>;
  /** media_answer, media_offer, slots, speaking, error media_lost. Others are ignored. */
  handle(message: ServerMessage): void;
  setMic(on: boolean): Promise<void>;
  setCamera(on: boolean): Promise<void>;
  setScreen(on: boolean): Promise<void>;
  setWatch(on: boolean): void;
  setDeafened(on: boolean): void;
  /** My voice comes back to me through the server, and goes to nobody else. */
  setBooth(on: boolean): void;
  /** Noise suppression, background blur, direction; remembered in this browser. */
  setEffects(wanted: Partial<Effects>): Promise<void>;
  setDevices(d: { mic?: string; camera?: string; speaker?: string }): Promise<void>;
  /** Asked at 20 Hz for every audible person; 0..1. */
  setGain(gain: (userId: string) => number): void;
  /** Asked as often; 0..2, on top of the gain: how loud I want this person. */
  setVolume(volume: (userId: string) => number): void;
  /** Asked as often: from where a voice comes, and whether a wall is between. */
  setScene(scene: ((userId: string) => Heard | null) | null): void;
  /** What the browser measures; null while there is no link. */
  stats(): Promise<MediaStats | null>;
  /** Measures the echo booth, while my voice (`userId` is I) comes back; null otherwise. Close it. */
  echo(userId: string): EchoMeter | null;
  on<K extends keyof MediaEvents>(event: K, handler: MediaEvents[K]): void;
  stop(): void;
}

export type Signal = { send(message: ClientMessage): void };
