/**
 * What somebody new to this browser goes through before the world opens: devices, then a look. Each comes once.
 */
import { t } from "../i18n/words.ts";
import { type Checked, checkIsDue, deviceCheck } from "./device_check.ts";
import { firstLook, lookIsDue } from "./look_dialog.ts";

/** Resolves when the person goes in: with what they have checked, or null where there was nothing to check. */
export async function firstSteps(place: string): Promise<Checked | null> {
  const onward = lookIsDue() ? t("check.next") : t("check.enter", { place });
  const checked = checkIsDue() ? await deviceCheck(onward) : null;
  if (lookIsDue()) await firstLook(place);
  return checked;
}
