/**
 * Switches of the effects: they show what the media session says, also when an effect failed.
 */
import { t } from "../i18n/words.ts";
import type { MediaControl } from "../media/contract.ts";
import type { Effects } from "../media/effects/choice.ts";
import { h } from "../shared/dom.ts";

const WORDS: Record<keyof Effects, { name: string; words: string }> = {
  noise: { name: t("media.noise"), words: t("media.noise_words") },
  blur: { name: t("media.blur"), words: t("media.blur_words") },
  direction: { name: t("media.direction"), words: t("media.direction_words") },
};

export class EffectSwitches {
  readonly element = h("fieldset", { class: "effects" }, h("legend", { text: t("media.effects") }));

  constructor(media: MediaControl, offered: readonly (keyof Effects)[]) {
    const boxes = offered.map((effect) => {
      const { name, words } = WORDS[effect];
      const box = h("input", { type: "checkbox", role: "switch", class: "switch", "data-effect": effect });
      box.addEventListener("change", () => {
        box.setAttribute("aria-busy", "true");
        void media.setEffects({ [effect]: box.checked }).finally(() => {
          box.removeAttribute("aria-busy");
          box.checked = media.local.effects[effect];
        });
      });
      this.element.append(h("label", { class: "effect" }, box, h("span", {}, h("strong", { text: name }), h("small", { class: "muted", text: words }))));
      return { box, effect };
    });
    const show = (): void => {
      for (const { box, effect } of boxes) if (!box.hasAttribute("aria-busy")) box.checked = media.local.effects[effect];
    };
    media.on("local", show);
    show();
  }
}
