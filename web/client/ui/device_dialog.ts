/**
 * Choosing microphone, camera and speaker while inside, and how one sounds and looks.
 */
import { t } from "../i18n/words.ts";
import type { MediaControl } from "../media/contract.ts";
import { DevicePickers } from "../meeting/device_pickers.ts";
import { EffectSwitches } from "../meeting/effect_switches.ts";
import { byId, h } from "../shared/dom.ts";

let pickers: DevicePickers | null = null;

/** `booth` leads to the echo booth; the dialog is closed first. */
export function openDevices(media: MediaControl, booth: () => void): void {
  const dialog = byId("devices", HTMLDialogElement);
  if (!pickers) {
    pickers = new DevicePickers((chosen) => void media.setDevices(chosen));
    const effects = new EffectSwitches(media, ["noise", "blur", "direction"]);
    const hear = h("button", { type: "button", class: "button small", text: t("audio.booth_open") });
    hear.addEventListener("click", () => {
      dialog.close();
      booth();
    });
    const done = h("button", { type: "button", class: "button primary", text: t("media.done") });
    done.addEventListener("click", () => dialog.close());
    const title = h("h2", { id: "devices-title", text: t("media.devices") });
    dialog.append(h("div", { class: "inside" }, title, pickers.element, effects.element, hear, h("div", { class: "actions" }, done)));
  } else {
    void pickers.refresh();
  }
  dialog.showModal();
}
