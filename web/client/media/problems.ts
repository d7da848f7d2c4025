/**
 * What a person is told when the browser refuses a device. Pure.
 *
 * The texts say what happened and what to do; the codes are for the pages that show their own help.
 */

export interface Problem {
  readonly code: string;
  readonly message: string;
}

export type Device = "mic" | "camera" | "screen";

const NAME: Record<Device, string> = { mic: "microphone", camera: "camera", screen: "screen" };

/** The problem behind an error of getUserMedia or getDisplayMedia; null where the person only said no to sharing. */
export function captureProblem(device: Device, error: unknown): Problem | null {
  const name = error instanceof Error ? error.name : "";
  const noun = NAME[device];
  if (name === "NotAllowedError" || name === "SecurityError") {
    if (device === "screen") return null; // the picker was closed: nothing went wrong
    return {
      code: `${device}_denied`,
      message: `Your browser blocks the ${noun}. Click the icon beside the address, allow it, then try again. You can listen meanwhile.`,
    };
  }
  if (name === "NotFoundError" || name === "OverconstrainedError") {
    return {
      code: `${device}_missing`,
      message: `No ${noun} found. Plug one in and try again. You can listen meanwhile.`,
    };
  }
  if (name === "NotReadableError" || name === "AbortError") {
    return {
      code: `${device}_busy`,
      message: `The ${noun} does not answer. Another program may be using it: close that and try again.`,
    };
  }
  if (name === "TypeError" || name === "NotSupportedError") {
    return {
      code: `${device}_unsupported`,
      message:
        device === "screen"
          ? "This browser cannot share the screen."
          : `This page may not use the ${noun}: open it over https, or on this machine.`,
    };
  }
  return { code: `${device}_failed`, message: `The ${noun} could not be started.` };
}

/** The device went away while it was on. */
export function lostProblem(device: Device): Problem {
  return {
    code: `${device}_lost`,
    message: `The ${NAME[device]} was unplugged or stopped. It is off now.`,
  };
}
