/**
 * Three pickers (microphone, camera, speaker): filled with what is there, remembered, told when changed.
 */
import {
  canChooseSpeaker,
  chooseDevice,
  type DeviceKind,
  KIND_WORDS,
  listDevices,
  rememberChoice,
  rememberedChoice,
} from "../media/devices.ts";
import { t } from "../i18n/words.ts";
import { h } from "../shared/dom.ts";
import { chime } from "./chime.ts";

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
      this.element.append(h("label", { class: "field" }, h("span", { class: "label" }, KIND_WORDS[kind]), select));
    }
    const listen = h("button", { type: "button", class: "button small", onclick: () => void this.#test(listen) }, t("media.test_sound"));
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
          : [h("option", { value: "" }, t("media.system_default", { device: KIND_WORDS[kind] }))]),
      );
      if (one) chosen[kind] = one.id;
    }
    return chosen;
  }

  async #test(button: HTMLButtonElement): Promise<void> {
    button.disabled = true;
    try {
      await chime(this.#selects.get("speaker")?.value ?? "");
      button.textContent = t("media.test_again");
    } catch {
      button.textContent = t("media.no_sound");
    }
    button.disabled = false;
  }
}
