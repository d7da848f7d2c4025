/**
 * What a person is told when the browser refuses a device. Pure.
 *
 * The texts say what happened and what to do; the codes are for the pages that show their own help.
 */
import { t } from "../i18n/words.ts";

export interface Problem {
  readonly code: string;
  readonly message: string;
}

export type Device = "mic" | "camera" | "screen";

/** Problems that are of no device. */
export type OtherProblem =
  | "blur_failed"
  | "noise_failed"
  | "speaker_failed"
  | "click_to_hear"
  | "worker_full"
  | "far_video"
  | "near_video"
  | "far_audio";

const OTHERS: Record<OtherProblem, () => string> = {
  blur_failed: () => t("media.blur_failed"),
  noise_failed: () => t("media.noise_failed"),
  speaker_failed: () => t("media.speaker_failed"),
  click_to_hear: () => t("media.click_to_hear"),
  worker_full: () => t("media.worker_full"),
  far_video: () => t("media.far_video"),
  near_video: () => t("media.near_video"),
  far_audio: () => t("media.far_audio"),
};

export function problemOf(code: OtherProblem): Problem {
  return { code, message: OTHERS[code]() };
}

/** The device in a sentence. */
function noun(device: Device): string {
  return device === "mic" ? t("media.the_mic") : device === "camera" ? t("media.the_camera") : t("media.the_screen");
}

const capital = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);

/** The problem behind an error of getUserMedia or getDisplayMedia; null where the person only said no to sharing. */
export function captureProblem(device: Device, error: unknown): Problem | null {
  const name = error instanceof Error ? error.name : "";
  const named = noun(device);
  if (name === "NotAllowedError" || name === "SecurityError") {
    if (device === "screen") return null; // the picker was closed: nothing went wrong
    return { code: `${device}_denied`, message: t("media.denied", { device: named }) };
  }
  if (name === "NotFoundError" || name === "OverconstrainedError") {
    return { code: `${device}_missing`, message: device === "camera" ? t("media.missing_camera") : t("media.missing_mic") };
  }
  if (name === "NotReadableError" || name === "AbortError") {
    return { code: `${device}_busy`, message: t("media.busy", { device: capital(named) }) };
  }
  if (name === "TypeError" || name === "NotSupportedError") {
    const message = device === "screen" ? t("media.no_screen_here") : t("media.insecure", { device: named });
    return { code: `${device}_unsupported`, message };
  }
  return { code: `${device}_failed`, message: t("media.failed", { device: capital(named) }) };
}

/** The device has been asked for and has not come, nor been refused. */
export function waitingProblem(device: Device): Problem {
  return { code: `${device}_waiting`, message: t("media.waiting", { device: noun(device) }) };
}

/** The device went away while it was on. */
export function lostProblem(device: Device): Problem {
  return { code: `${device}_lost`, message: t("media.lost", { device: capital(noun(device)) }) };
}
