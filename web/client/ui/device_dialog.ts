/**
 * Choosing microphone, camera and speaker while inside, and how one sounds and looks.
 */
import { t } from "../i18n/words.ts";
import type { MediaControl } from "../media/contract.ts";
import { DevicePickers } from "../meeting/device_pickers.ts";
import { EffectSwitches } from "../meeting/effect_switches.ts";
import { byId, h } from "../shared/dom.ts";

let pickers: DevicePickers | null = null;

export function openDevices(media: MediaControl): void {
  const dialog = byId("devices", HTMLDialogElement);
  if (!pickers) {
    pickers = new DevicePickers((chosen) => void media.setDevices(chosen));
    const effects = new EffectSwitches(media, ["noise", "blur", "direction"]);
    const done = h("button", { type: "button", class: "button primary", text: t("media.done") });
    done.addEventListener("click", () => dialog.close());
    const title = h("h2", { id: "devices-title", text: t("media.devices") });
    dialog.append(h("div", { class: "inside" }, title, pickers.element, effects.element, h("div", { class: "actions" }, done)));
  } else {
    void pickers.refresh();
  }
  dialog.showModal();
}
