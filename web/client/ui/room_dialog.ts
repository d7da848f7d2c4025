/**
 * A room as those who run the place change it: its name, its lock, how many it takes, its link. Everybody sees the
 * change at once, since the world tells them.
 */
import { t } from "../i18n/words.ts";
import type { ZoneInfo } from "../net/messages.ts";
import { api } from "../pages/api.ts";
import { onSubmit, showErrors, wordsOf } from "../pages/forms.ts";
import { byId, h } from "../shared/dom.ts";
import { zoneTitle } from "../shared/words.ts";

/** More than that the API does not take. */
const MOST_PLACES = 1000;

export function openRoom({ id, name, locked, capacity, meeting_id }: ZoneInfo, said: (words: string) => void): void {
  const dialog = byId("room", HTMLDialogElement);
  const title = zoneTitle(name);
  const lock = h("input", { type: "checkbox", class: "switch", name: "locked", role: "switch", checked: locked });
  const places = h("input", { class: "input", id: "room-places", name: "capacity", type: "number", min: 1, max: MOST_PLACES, value: capacity, "aria-describedby": "room-places-hint room-places-error" });
  const link = h("button", { type: "button", class: "button small", text: t("room.new_link") });
  const form = h(
    "form",
    { novalidate: true },
    h("h2", { id: "room-title", text: t("room.change", { room: title }) }),
    h("p", { class: "notice bad", "data-error": true, role: "alert" }),
    h(
      "div",
      { class: "field" },
      h("label", { for: "room-name", text: t("create.name") }),
      h("input", { class: "input", id: "room-name", name: "name", maxlength: 64, autocomplete: "off", value: title, "aria-describedby": "room-name-error" }),
      h("p", { class: "field-error", id: "room-name-error", "data-error-for": "name" }),
    ),
    h(
      "label",
      { class: "effect" },
      h("span", {}, h("strong", {}, t("room.locked")), h("small", { class: "muted" }, t("room.locked_words"))),
      lock,
    ),
    h(
      "div",
      { class: "field" },
      h("label", { for: "room-places", text: t("room.places") }),
      places,
      h("p", { class: "field-error", id: "room-places-error", "data-error-for": "capacity" }),
      h("p", { class: "hint", id: "room-places-hint", text: t("room.places_words") }),
    ),
    meeting_id === null ? null : h("div", { class: "field" }, link, h("p", { class: "hint", text: t("room.new_link_words") })),
    h(
      "div",
      { class: "actions" },
      h("button", { type: "button", class: "button quiet", text: t("common.cancel"), onclick: () => dialog.close() }),
      h("button", { type: "submit", class: "button primary", text: t("common.save") }),
    ),
  );
  link.addEventListener("click", () => {
    api("POST", `/api/zones/${id}/meeting`).then(
      () => {
        dialog.close();
        said(t("room.link_renewed", { room: title }));
      },
      (error: unknown) => showErrors(form, { form: wordsOf(error) }),
    );
  });
  onSubmit(form, { name: t("room.name_missing") }, async (values) => {
    const wanted = Number(values["capacity"] ?? 0);
    if (!places.validity.valid) return showErrors(form, { capacity: t("room.places_bad", { most: MOST_PLACES }) });
    // Without a new name the map's own stays, underscores and all.
    const named = values["name"] === title ? {} : { name: values["name"] };
    await api("PATCH", `/api/zones/${id}`, { ...named, locked: lock.checked, capacity: wanted });
    dialog.close();
  });
  dialog.replaceChildren(form);
  dialog.showModal();
}
