/**
 * Three pickers (microphone, camera, speaker): filled with what is there, remembered, told when changed.
 */
import {
  canChooseSpeaker,
  chooseDevice,
  type DeviceKind,
  listDevices,
  rememberChoice,
  rememberedChoice,
} from "../media/devices.ts";
import { h } from "../shared/dom.ts";
import { chime } from "./chime.ts";

const LABEL: Record<DeviceKind, string> = { mic: "Microphone", camera: "Camera", speaker: "Speaker" };

export class DevicePickers {
  readonly element = h("div", { class: "pickers" });
  readonly #selects = new Map<DeviceKind, HTMLSelectElement>();

  /** `changed` gets the ids to use now; also once for what is remembered from last time. */
  constructor(changed: (chosen: Partial<Record<DeviceKind, string>>) => void) {
    const kinds: DeviceKind[] = canChooseSpeaker() ? ["mic", "camera", "speaker"] : ["mic", "camera"];
    for (const kind of kinds) {
      const select = h("select", {
        class: "select",
        onchange: () => {
          const option = select.selectedOptions[0];
          if (!option) return;
          rememberChoice({ ...rememberedChoice(), [kind]: { id: option.value, label: option.label } });
          changed({ [kind]: option.value });
        },
      });
      this.#selects.set(kind, select);
      this.element.append(h("label", { class: "field" }, h("span", { class: "label" }, LABEL[kind]), select));
    }
    const listen = h("button", { type: "button", class: "button small", onclick: () => void this.#test(listen) }, "Test the sound");
    this.element.append(listen);
    navigator.mediaDevices?.addEventListener("devicechange", () => void this.refresh());
    void this.refresh().then(changed);
  }

  /** Reads the devices again (their names are known only once the person has allowed one). */
  async refresh(): Promise<Partial<Record<DeviceKind, string>>> {
    const devices = await listDevices();
    const remembered = rememberedChoice();
    const chosen: Partial<Record<DeviceKind, string>> = {};
    for (const [kind, select] of this.#selects) {
      const list = devices[kind];
      const one = chooseDevice(list, remembered[kind]);
      select.replaceChildren(
        ...(list.length > 0
          ? list.map(({ id, label }) => h("option", { value: id, selected: id === one?.id }, label))
          : [h("option", { value: "" }, `The system's ${LABEL[kind].toLowerCase()}`)]),
      );
      if (one) chosen[kind] = one.id;
    }
    return chosen;
  }

  async #test(button: HTMLButtonElement): Promise<void> {
    button.disabled = true;
    try {
      await chime(this.#selects.get("speaker")?.value ?? "");
      button.textContent = "Test the sound again";
    } catch {
      button.textContent = "This speaker does not answer";
    }
    button.disabled = false;
  }
}
