/**
 * Before the first entry in this browser: look at yourself, see that the microphone hears you, hear the
 * speaker, choose devices. Everything starts off; what is turned on here is what you come in with, and nothing leaves
 * this page before "Enter".
 */
import { t } from "../i18n/words.ts";
import { type Chosen, Trial } from "../media/trial.ts";
import { DevicePickers } from "../meeting/device_pickers.ts";
import { byId, h, iconButton, setButton } from "../shared/dom.ts";
import { recall, remember } from "../shared/memory.ts";

export interface Checked {
  mic: boolean;
  camera: boolean;
  devices: Chosen;
}

const CHECKED = "atrium.checked";
const LEVEL_MS = 60;

/** Whether this browser has not been through the check yet. */
export function checkIsDue(): boolean {
  return recall(CHECKED) === null;
}

/** Shows the check; resolves when the person goes on, by a button that says `onward`. */
export function deviceCheck(onward: string): Promise<Checked> {
  const dialog = byId("check", HTMLDialogElement);
  const video = h("video", { class: "check-video", autoplay: true, playsinline: true, hidden: true, "aria-label": t("check.preview") });
  video.muted = true;
  const off = h("p", { class: "check-off", text: t("check.camera_off") });
  const help = h("p", { class: "notice bad", role: "status" });
  const bar = h("div", { class: "check-meter", role: "meter", "aria-label": t("check.level"), "aria-valuemin": "0", "aria-valuemax": "100", hidden: true }, h("span"));
  const mic = iconButton("mic_off", t("check.mic_on"), "check-switch");
  const camera = iconButton("camera_off", t("check.camera_on"), "check-switch");
  const trial = new Trial({
    changed: () => {
      show();
      void pickers.refresh();
    },
    problem: (message) => {
      help.textContent = message;
    },
  });
  const { tracks } = trial;
  const show = (): void => {
    const [micOn, cameraOn] = [tracks.on("mic"), tracks.on("camera")];
    setButton(mic, micOn ? "mic" : "mic_off", t(micOn ? "check.mic_off" : "check.mic_on"));
    setButton(camera, cameraOn ? "camera" : "camera_off", t(cameraOn ? "check.camera_off_now" : "check.camera_on"));
    mic.setAttribute("aria-pressed", String(micOn));
    camera.setAttribute("aria-pressed", String(cameraOn));
    bar.hidden = !micOn;
    video.srcObject = tracks.stream("camera");
    video.hidden = !cameraOn;
    off.hidden = cameraOn;
    if (micOn || cameraOn) help.textContent = "";
  };
  mic.addEventListener("click", () => void tracks.set("mic", !tracks.on("mic")));
  camera.addEventListener("click", () => void tracks.set("camera", !tracks.on("camera")));
  const pickers = new DevicePickers((now) => trial.choose(now));
  const enter = h("button", { type: "button", class: "button primary wide", text: onward });
  dialog.replaceChildren(
    h(
      "div",
      { class: "check-picture" },
      h("div", { class: "check-frame" }, video, off, h("div", { class: "check-switches" }, mic, camera)),
      bar,
      help,
    ),
    h(
      "div",
      { class: "check-words" },
      h("h2", { id: "check-title", text: t("check.title") }),
      h("p", { class: "muted", text: t("check.words") }),
      pickers.element,
      enter,
      h("p", { class: "muted small", text: t("check.muted") }),
    ),
  );
  show();
  const timer = setInterval(() => {
    const level = trial.level();
    bar.style.setProperty("--level", level.toFixed(2));
    bar.setAttribute("aria-valuenow", String(Math.round(level * 100)));
  }, LEVEL_MS);
  // Escape would leave the person before a world that does not open.
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  dialog.showModal();
  enter.focus();
  return new Promise((resolve) => {
    enter.addEventListener("click", () => {
      const checked = { mic: tracks.on("mic"), camera: tracks.on("camera"), devices: trial.chosen };
      clearInterval(timer);
      trial.stop();
      remember(CHECKED, "yes");
      dialog.close();
      dialog.replaceChildren();
      resolve(checked);
    });
  });
}
