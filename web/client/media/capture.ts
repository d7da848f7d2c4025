/**
 * Opens the microphone, camera and screen. Off means off: a capture that ends stops its tracks, so the
 * device's light goes out; nothing here turns anything on by itself.
 */

export interface CaptureChoice {
  readonly mic?: string | undefined;
  readonly camera?: string | undefined;
}

const MIC: MediaTrackConstraints = {
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
};
/** Three layers of it are worth sending (`layers.ts`); a machine of two cores is spared the largest. */
const camera = (): MediaTrackConstraints => {
  const small = navigator.hardwareConcurrency <= 2;
  return {
    width: { ideal: small ? 640 : 960 },
    height: { ideal: small ? 360 : 540 },
    frameRate: { ideal: 24, max: 30 },
  };
};
const SCREEN: DisplayMediaStreamOptions = {
  video: { frameRate: { ideal: 15, max: 30 }, width: { max: 1920 }, height: { max: 1200 } },
  // The sound of the shared page as it is: nothing is cancelled out of it.
  audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
};

/**
 * The chosen microphone; the system's when the chosen one is gone. Rejects as getUserMedia does.
 * `ownSuppression`: noise is taken out of it afterwards, so the browser shall not.
 */
export function openMic(id: string | undefined, ownSuppression = false): Promise<MediaStreamTrack> {
  // Of two noise suppressions after each other the second takes what the first has left of the voice.
  const wishes = { ...MIC, noiseSuppression: !ownSuppression };
  return withFallback(id, async (device) => firstTrack(await devices().getUserMedia({ audio: { ...wishes, ...device } })));
}

/** The chosen camera; the system's when the chosen one is gone. Rejects as getUserMedia does. */
export function openCamera(id: string | undefined): Promise<MediaStreamTrack> {
  return withFallback(id, async (device) => {
    const track = firstTrack(await devices().getUserMedia({ video: { ...camera(), ...device } }));
    track.contentHint = "motion";
    return track;
  });
}

/** A screen, window or tab of the person's choice, with its sound where the browser gives it. */
export async function openScreen(): Promise<{ video: MediaStreamTrack; audio: MediaStreamTrack | null }> {
  const stream = await devices().getDisplayMedia(SCREEN);
  const [video] = stream.getVideoTracks();
  if (!video) throw new DOMException("nothing was shared", "NotFoundError");
  video.contentHint = "detail"; // text stays sharp, the frame rate gives way
  const audio = stream.getAudioTracks()[0] ?? null;
  if (audio) audio.contentHint = "music";
  return { video, audio };
}

function devices(): MediaDevices {
  // Browsers leave it out on pages that are neither https nor localhost.
  if (!navigator.mediaDevices) throw new TypeError("no media devices on an insecure page");
  return navigator.mediaDevices;
}

function firstTrack(stream: MediaStream): MediaStreamTrack {
  const [track] = stream.getTracks();
  if (!track) throw new DOMException("the browser gave no track", "NotFoundError");
  return track;
}

async function withFallback<T>(
  id: string | undefined,
  open: (device: MediaTrackConstraints) => Promise<T>,
): Promise<T> {
  if (id === undefined || id === "") return open({});
  try {
    return await open({ deviceId: { exact: id } });
  } catch (error) {
    const gone = error instanceof Error && ["OverconstrainedError", "NotFoundError"].includes(error.name);
    if (!gone) throw error;
    return open({});
  }
}
