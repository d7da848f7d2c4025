/**
 * Choosing microphone, camera and speaker while inside.
 */
import { DevicePickers } from "../meeting/device_pickers.ts";
import { byId, h } from "../shared/dom.ts";

let pickers: DevicePickers | null = null;

export function openDevices(chosen: (devices: { mic?: string; camera?: string; speaker?: string }) => void): void {
  const dialog = byId("devices", HTMLDialogElement);
  if (!pickers) {
    pickers = new DevicePickers(chosen);
    const done = h("button", { type: "button", class: "button primary", text: "Done" });
    done.addEventListener("click", () => dialog.close());
    dialog.append(
      h("div", { class: "inside" }, h("h2", { id: "devices-title", text: "Your devices" }), pickers.element, h("div", { class: "actions" }, done)),
    );
  } else {
    void pickers.refresh();
  }
  dialog.showModal();
}
