/**
 * Entry of the world page.
 *
 * `window.atrium` is the seam for tests and for a look from the console: see `Seam` in ui/seam.ts.
 * It only shows what is there, and walks as a double-click would.
 */
import { createMedia } from "./media/session.ts";
import { byId } from "./shared/dom.ts";
import { listenToPreferences } from "./shared/preferences.ts";
import type { Seam } from "./ui/seam.ts";
import { type PageData, WorldPage } from "./ui/world_page.ts";

declare global {
  interface Window {
    atrium: Seam;
  }
}

const page = new WorldPage(JSON.parse(byId("page").textContent ?? "{}") as PageData, createMedia);
window.atrium = page.seam;
listenToPreferences();
void page.start();
