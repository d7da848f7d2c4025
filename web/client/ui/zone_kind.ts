/** What a zone's type means, in words and as a sign. */
import { t } from "../i18n/words.ts";
import type { ZoneType } from "../net/messages.ts";
import type { IconName } from "../shared/icons.ts";

export function zoneKind(type: ZoneType): { sign: IconName; short: string; long: string } {
  if (type === "PRIVATE") return { sign: "lock", short: t("rooms.private"), long: t("rooms.private_room") };
  if (type === "SILENT") return { sign: "volume_off", short: t("rooms.silent"), long: t("rooms.silent_zone") };
  return { sign: "people", short: t("rooms.open"), long: t("rooms.open_to_all") };
}
