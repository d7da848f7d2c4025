/**
 * Before the room: look at yourself, hear that the microphone works, choose devices, give a name.
 *
 * Everything starts off. What is turned on here is what you come in with; nothing leaves this page
 * before "Join".
 */
import { t } from "../i18n/words.ts";
import type { DeviceKind } from "../media/devices.ts";
import { LocalTracks } from "../media/local_tracks.ts";
import { Meter } from "../media/meter.ts";
import { byId, h } from "../shared/dom.ts";
import { onSubmit } from "../pages/forms.ts";
import { DevicePickers } from "./device_pickers.ts";
import { Toggle } from "./toggle.ts";

export interface Entrance {
  /** What a guest wants to be called; empty for somebody logged in. */
  readonly name: string;
  readonly mic: boolean;
  readonly camera: boolean;
  readonly devices: Partial<Record<DeviceKind, string>>;
}

const NAME_KEY = "atrium.name";
const LEVEL_MS = 50;

/** Shows the page; `join` is called for each press of the button and may throw what the form then shows. */
export function prejoin(loggedIn: boolean, join: (entrance: Entrance) => Promise<void>): void {
  const form = byId("entrance", HTMLFormElement);
  const video = byId("preview", HTMLVideoElement);
  const sign = byId("preview-off");
  const help = byId("device-help");
  let chosen: Partial<Record<DeviceKind, string>> = {};
  let audio: AudioContext | null = null;
  let meter: Meter | null = null;

  const tracks = new LocalTracks({
    track: (source, track) => {
      if (source !== "mic") return;
      meter?.close();
      audio ??= new AudioContext();
      meter = track ? new Meter(audio, track) : null;
    },
    changed: () => {
      mic.on = tracks.on("mic");
      camera.on = tracks.on("camera");
      bar.hidden = !mic.on;
      video.srcObject = tracks.stream("camera");
      video.hidden = !camera.on;
      sign.hidden = camera.on;
      if (mic.on || camera.on) help.textContent = "";
      void pickers.refresh();
    },
    problem: ({ message }) => {
      help.textContent = message;
    },
  });
  const mic = new Toggle({
    name: t("media.mic"),
    on: "mic",
    off: "mic_off",
    key: "m",
    press: (on) => void tracks.set("mic", on),
  });
  const camera = new Toggle({
    name: t("media.camera"),
    on: "camera",
    off: "camera_off",
    key: "v",
    press: (on) => void tracks.set("camera", on),
  });
  const pickers = new DevicePickers((now) => {
    chosen = { ...chosen, ...now };
    const { mic: micId, camera: cameraId } = now;
    void tracks.choose({ ...(micId ? { mic: micId } : {}), ...(cameraId ? { camera: cameraId } : {}) });
  });
  const bar = h("div", { class: "meter", "aria-hidden": "true", hidden: true }, h("span"));
  byId("preview-controls").append(bar, h("div", { class: "toggles" }, mic.element, camera.element));
  byId("devices").append(pickers.element);
  const timer = setInterval(() => {
    bar.style.setProperty("--level", (meter?.level() ?? 0).toFixed(2));
  }, LEVEL_MS);

  const name = form.querySelector<HTMLInputElement>("[name=name]");
  if (name) name.value = rememberedName();
  onSubmit(form, loggedIn ? {} : { name: t("meeting.name_missing") }, async (values) => {
    const entrance = { name: values["name"] ?? "", mic: mic.on, camera: camera.on, devices: chosen };
    await join(entrance);
    rememberName(entrance.name);
    clearInterval(timer);
    tracks.stopAll();
    void audio?.close();
  });
}

function rememberedName(): string {
  try {
    return localStorage.getItem(NAME_KEY) ?? "";
  } catch {
    return "";
  }
}

function rememberName(name: string): void {
  try {
    if (name !== "") localStorage.setItem(NAME_KEY, name);
  } catch {
    // Storage is blocked: the name is asked for again next time.
  }
}
