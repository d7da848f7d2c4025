/**
 * Which microphone, camera and speaker to use: the list, the choice, and its memory in this browser.
 *
 * Device ids change when a site's data is cleared and labels are empty before permission, so a choice
 * remembers both id and label, and falls back to the system's default when neither is there.
 */
import { t } from "../i18n/words.ts";

export type DeviceKind = "mic" | "camera" | "speaker";

export interface DeviceInfo {
  readonly id: string;
  readonly label: string;
}

export type DeviceList = Readonly<Record<DeviceKind, readonly DeviceInfo[]>>;
export type DeviceChoice = Partial<Record<DeviceKind, DeviceInfo>>;

const KINDS: Record<string, DeviceKind> = {
  audioinput: "mic",
  videoinput: "camera",
  audiooutput: "speaker",
};
/** A device's kind in words. */
export const KIND_WORDS: Record<DeviceKind, string> = { mic: t("media.mic"), camera: t("media.camera"), speaker: t("media.speaker") };
const STORAGE_KEY = "atrium.devices";

type Listed = Pick<MediaDeviceInfo, "kind" | "deviceId" | "label">;

/** The browser's devices by our kinds; unnamed ones get a number, those without an id are left out. */
export function sortDevices(devices: readonly Listed[]): DeviceList {
  const lists: Record<DeviceKind, DeviceInfo[]> = { mic: [], camera: [], speaker: [] };
  for (const device of devices) {
    const kind = KINDS[device.kind];
    if (!kind || device.deviceId === "") continue;
    const list = lists[kind];
    list.push({
      id: device.deviceId,
      label: device.label || t("media.numbered", { device: KIND_WORDS[kind], number: list.length + 1 }),
    });
  }
  return lists;
}

/** The device to use: the remembered one by id, else by label, else undefined (the system's default). */
export function chooseDevice(
  list: readonly DeviceInfo[],
  remembered: DeviceInfo | undefined,
): DeviceInfo | undefined {
  if (!remembered) return undefined;
  return (
    list.find((device) => device.id === remembered.id) ??
    list.find((device) => device.label === remembered.label)
  );
}

/** What is there now; empty lists where the browser offers no devices (a page without https). */
export async function listDevices(): Promise<DeviceList> {
  if (!navigator.mediaDevices) return sortDevices([]);
  return sortDevices(await navigator.mediaDevices.enumerateDevices());
}

/** True where the sound can be sent to a chosen speaker. */
export function canChooseSpeaker(): boolean {
  return typeof AudioContext !== "undefined" && "setSinkId" in AudioContext.prototype;
}

/** The choice of last time; a broken memory is no memory. */
export function parseChoice(text: string | null): DeviceChoice {
  const choice: DeviceChoice = {};
  let stored: unknown = null;
  try {
    stored = JSON.parse(text ?? "null");
  } catch {
    return choice;
  }
  if (typeof stored !== "object" || stored === null) return choice;
  for (const kind of ["mic", "camera", "speaker"] as const) {
    const one = (stored as Record<string, unknown>)[kind];
    if (typeof one !== "object" || one === null) continue;
    const { id, label } = one as Record<string, unknown>;
    if (typeof id === "string" && typeof label === "string") choice[kind] = { id, label };
  }
  return choice;
}

export function rememberedChoice(): DeviceChoice {
  try {
    return parseChoice(localStorage.getItem(STORAGE_KEY));
  } catch {
    return {}; // storage is blocked: the default devices do
  }
}

export function rememberChoice(choice: DeviceChoice): void {
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify(choice));
  } catch {
    // Storage is blocked or full: the choice holds until the page closes.
  }
}
