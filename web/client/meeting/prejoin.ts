/**
 * Before the room: look at yourself, hear that the microphone works, choose devices, give a name.
 *
 * Everything starts off. What is turned on here is what you come in with; nothing leaves this page
 * before "Join".
 */
import { t } from "../i18n/words.ts";
import { type Chosen, Trial } from "../media/trial.ts";
import { byId, h } from "../shared/dom.ts";
import { recall, remember } from "../shared/memory.ts";
import { onSubmit } from "../pages/forms.ts";
import { DevicePickers } from "./device_pickers.ts";
import { Toggle } from "./toggle.ts";

export interface Entrance {
  readonly mic: boolean;
  readonly camera: boolean;
  readonly devices: Chosen;
}

const NAME_KEY = "atrium.name";
const LEVEL_MS = 50;

/**
 * Shows the page. `join` is called for each press of the button, with what a guest wants to be called (empty for somebody
 * logged in), and may throw what the form then shows; with its answer one goes in.
 */
export function prejoin<Answer>(
  loggedIn: boolean,
  join: (name: string) => Promise<Answer>,
  enter: (answer: Answer, entrance: Entrance) => void,
): void {
  const form = byId("entrance", HTMLFormElement);
  const video = byId("preview", HTMLVideoElement);
  const sign = byId("preview-off");
  const help = byId("device-help");
  const trial = new Trial({
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
    problem: (message) => {
      help.textContent = message;
    },
  });
  const { tracks } = trial;
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
  const pickers = new DevicePickers((now) => trial.choose(now));
  const bar = h("div", { class: "meter", "aria-hidden": "true", hidden: true }, h("span"));
  byId("preview-controls").append(bar, h("div", { class: "toggles" }, mic.element, camera.element));
  byId("devices").append(pickers.element);
  const timer = setInterval(() => {
    bar.style.setProperty("--level", trial.level().toFixed(2));
  }, LEVEL_MS);

  const name = form.querySelector<HTMLInputElement>("[name=name]");
  if (name) name.value = recall(NAME_KEY) ?? "";
  onSubmit(form, loggedIn ? {} : { name: t("meeting.name_missing") }, async (values) => {
    const called = values["name"] ?? "";
    const answer = await join(called);
    // As the switches are now: who has muted meanwhile comes in muted.
    enter(answer, { mic: mic.on, camera: camera.on, devices: trial.chosen });
    if (called !== "") remember(NAME_KEY, called);
    clearInterval(timer);
    trial.stop();
  });
}
