/**
 * As much of a browser as the media session touches, for tests without one: connections that connect
 * when told, tracks with a light, an audio graph that remembers its wiring.
 */

export class FakeTrack extends EventTarget {
  live = true;
  contentHint = "";
  settings: MediaTrackSettings = {};
  readonly kind: string;
  readonly label: string;
  constructor(kind: string, label: string) {
    super();
    this.kind = kind;
    this.label = label;
  }
  stop(): void {
    this.live = false;
  }
  getSettings(): MediaTrackSettings {
    return this.settings;
  }
}

class FakeStream {
  readonly tracks: FakeTrack[];
  constructor(tracks: FakeTrack[]) {
    this.tracks = tracks;
  }
  getTracks(): FakeTrack[] {
    return this.tracks;
  }
}

interface Transceiver {
  kind: string;
  mid: string | null;
  sender: {
    track: FakeTrack | null;
    encodings: RTCRtpEncodingParameters[];
    replaceTrack(track: FakeTrack | null): Promise<void>;
    codecs: { mimeType: string }[];
    getParameters(): { codecs: { mimeType: string }[]; encodings: RTCRtpEncodingParameters[] };
    setParameters(parameters: { encodings: RTCRtpEncodingParameters[] }): Promise<void>;
  };
}

export class FakeConnection extends EventTarget {
  static all: FakeConnection[] = [];
  connectionState = "new";
  signalingState = "stable";
  localDescription: { sdp: string } | null = null;
  remoteDescription: { sdp: string } | null = null;
  restarts = 0;
  remote: string[] = [];
  readonly transceivers: Transceiver[] = [];

  constructor() {
    super();
    FakeConnection.all.push(this);
  }

  addTransceiver(kind: string, init: RTCRtpTransceiverInit = {}): Transceiver {
    const sender = {
      track: null as FakeTrack | null,
      encodings: init.sendEncodings ?? [{}],
      codecs: (kind === "video" ? ["VP8", "rtx", "H264"] : []).map((name) => ({ mimeType: `video/${name}` })),
      getParameters: () => ({
        codecs: sender.codecs,
        encodings: sender.encodings.map((encoding) => ({ ...encoding })),
      }),
      setParameters: (parameters: { encodings: RTCRtpEncodingParameters[] }): Promise<void> => {
        sender.encodings = parameters.encodings;
        return Promise.resolve();
      },
      replaceTrack: (track: FakeTrack | null): Promise<void> => {
        sender.track = track;
        return Promise.resolve();
      },
    };
    const transceiver = { kind, mid: null, sender };
    this.transceivers.push(transceiver);
    return transceiver;
  }

  setLocalDescription(): Promise<void> {
    this.transceivers.forEach((transceiver, index) => (transceiver.mid = String(index)));
    this.localDescription = { sdp: `local ${FakeConnection.all.indexOf(this)}` };
    return Promise.resolve();
  }

  restartIce(): void {
    this.restarts += 1;
  }

  /** An offer's MIDs come in as tracks, as they do in a browser. */
  setRemoteDescription({ type, sdp }: { type: string; sdp: string }): Promise<void> {
    this.remote.push(sdp);
    this.remoteDescription = { sdp };
    for (const [, mid = ""] of type === "offer" ? sdp.matchAll(/^a=mid:(\S+)/gm) : []) {
      const track = new FakeTrack(mid.startsWith("a") ? "audio" : "video", mid);
      this.dispatchEvent(Object.assign(new Event("track"), { track, transceiver: { mid } }));
    }
    return Promise.resolve();
  }

  /** What its way has carried; with nothing in it there is none. */
  pair: Record<string, number> | null = null;
  /** Other entries of its statistics, by id. */
  readonly counted = new Map<string, object>();

  getStats(): Promise<Map<string, object>> {
    const transport = { type: "transport", selectedCandidatePairId: "pair" };
    const way: [string, object][] = this.pair ? [["t", transport], ["pair", { id: "pair", ...this.pair }]] : [];
    return Promise.resolve(new Map<string, object>([...way, ...this.counted]));
  }

  become(state: string): void {
    this.connectionState = state;
    this.dispatchEvent(new Event("connectionstatechange"));
  }

  close(): void {
    this.connectionState = this.signalingState = "closed";
  }
}

class FakeNode {
  to = new Set<FakeNode>();
  fftSize = 0;
  readonly gain = {
    value: 1,
    cancelScheduledValues: (): void => undefined,
    setTargetAtTime(value: number): void {
      this.value = value;
    },
    setValueAtTime(value: number): void {
      this.value = value;
    },
  };
  connect(node: FakeNode): FakeNode {
    this.to.add(node);
    return node;
  }
  disconnect(): void {
    this.to.clear();
  }
  getFloatTimeDomainData(samples: Float32Array): void {
    samples.fill(0.1);
  }
}

/** What plays: a stream's label and the gain it plays at now, all gains on its way together. */
export interface Playing {
  readonly label: string;
  readonly gain: number;
}

export class FakeAudio {
  static sources: { stream: FakeStream; node: FakeNode }[] = [];
  state = "running";
  currentTime = 0;
  readonly destination = new FakeNode();
  createGain = (): FakeNode => new FakeNode();
  createAnalyser = (): FakeNode => new FakeNode();
  createMediaStreamSource(stream: FakeStream): FakeNode {
    const node = new FakeNode();
    FakeAudio.sources.push({ stream, node });
    return node;
  }
  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Everything that reaches a gain now (remote sounds; the own meter has none). */
  static playing(): Playing[] {
    return FakeAudio.sources.flatMap(({ stream, node }) =>
      [...node.to]
        .filter((next) => next.to.size > 0)
        .map((next) => {
          const everybody = [...next.to][0]?.gain.value ?? 0;
          return { label: stream.tracks[0]?.label ?? "", gain: next.gain.value * everybody };
        }),
    );
  }
}

export const asked: MediaStreamConstraints[] = [];

const windowEvents: { name: string; handler: () => void; over: () => boolean }[] = [];

/** Something happens to the window. */
export function happen(name: string): void {
  for (const one of windowEvents) if (one.name === name && !one.over()) one.handler();
}

export function installFakeBrowser(): void {
  windowEvents.length = 0;
  FakeConnection.all = [];
  FakeAudio.sources = [];
  asked.length = 0;
  Object.assign(globalThis, {
    RTCPeerConnection: FakeConnection,
    AudioContext: FakeAudio,
    MediaStream: FakeStream,
    Audio: class {
      play(): Promise<void> {
        return Promise.resolve();
      }
    },
    addEventListener: (name: string, handler: () => void, options?: { signal?: AbortSignal }) => {
      windowEvents.push({ name, handler, over: () => options?.signal?.aborted === true });
    },
  });
  Object.defineProperty(globalThis.navigator, "mediaDevices", {
    configurable: true,
    value: {
      getUserMedia: (constraints: MediaStreamConstraints) => {
        asked.push(constraints);
        const kind = constraints.audio ? "audio" : "video";
        return Promise.resolve(new FakeStream([new FakeTrack(kind, `own ${kind}`)]));
      },
    },
  });
}
