/**
 * Puts the wanted effects on a device that was just opened. They are chunks of their own, loaded when wanted.
 *
 * What cannot be done falls back cleanly: a microphone is sent as it is, and said so; a camera whose background
 * was to be blurred is not sent at all, for it would show what was meant to be hidden.
 */
import { type Problem, problemOf } from "../problems.ts";
import type { Effects } from "./choice.ts";

/** The device is not to be used without its effect. */
export class EffectFailed extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}

export async function micEffects(device: MediaStreamTrack, { noise }: Effects, failed: () => void): Promise<MediaStreamTrack> {
  if (!noise) return device;
  try {
    const { withoutNoise } = await import("./noise.ts");
    return await withoutNoise(device);
  } catch {
    failed();
    return device;
  }
}

export async function cameraEffects(device: MediaStreamTrack, { blur }: Effects): Promise<MediaStreamTrack> {
  if (!blur) return device;
  try {
    const { withBlur } = await import("./blur.ts");
    return await withBlur(device);
  } catch {
    device.stop();
    throw new EffectFailed(problemOf("blur_failed"));
  }
}
