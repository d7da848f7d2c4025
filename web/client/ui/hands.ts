/**
 * What the person does with keys, pointer, thumb and stick, joined to the parts that do it.
 */
import type { Play } from "../game/play.ts";
import type { MediaControl } from "../media/contract.ts";
import { byId } from "../shared/dom.ts";
import type { Find } from "./find.ts";
import { listenToKeys } from "./hotkeys.ts";
import { addJoystick } from "./joystick.ts";
import { showTabbing } from "./map_focus.ts";
import type { MediaControls } from "./media_controls.ts";
import { listenToPointer } from "./pointer.ts";
import type { Self } from "./self.ts";
import type { Walking } from "./walking.ts";

export interface HandsParts {
  media: MediaControl;
  controls: MediaControls;
  walking: Walking;
  find: Find;
  self: Self;
  play: () => Play | null;
  emote: (index: number) => void;
  /** Opens the chat, ready to write. */
  chat: () => void;
}

export class Hands {
  #talking = false;

  constructor({ media, controls, walking, find, self, play, emote, chat }: HandsParts) {
    listenToKeys({
      walk: (wish) => walking.want(wish),
      sound: () => void controls.toggle("sound"),
      follow: () => walking.following.toggleNearest(performance.now()),
      find: () => find.open(),
      mic: () => void controls.toggle("mic"),
      camera: () => void controls.toggle("camera"),
      talk: (on) => {
        // Push-to-talk only ever ends what it began.
        if (on === this.#talking || (on && media.local.mic)) return;
        this.#talking = on;
        void controls.set("mic", on);
      },
      hearing: (on) => play()?.showHearing(on),
      emote,
      sit: () => void self.sitOrGetUp(performance.now()),
      zoom: (by) => play()?.zoomBy(by),
      chat,
    });
    showTabbing(byId("map"));
    addJoystick(byId("stage"), (wish) => walking.want(wish));
    listenToPointer(byId("map"), {
      walkTo: (x, y) => {
        const to = play()?.toMap(x, y);
        if (to) void walking.to(to.x, to.y);
      },
      zoom: (by) => play()?.zoomBy(by),
    });
    // A click on a switch must not keep the keyboard: Space talks, arrows walk.
    document.addEventListener("click", (event) => {
      const button = event.target instanceof Element ? event.target.closest("#stage button") : null;
      if (event.detail > 0 && button instanceof HTMLElement) button.blur();
    });
  }

  /** Whether the microphone is on for as long as a key is held. */
  get talking(): boolean {
    return this.#talking;
  }
}
