/** The admin page: asks every two seconds while it is seen, keeps five minutes for the plots. */
import { t } from "../i18n/words.ts";
import { api, ApiError } from "../pages/api.ts";
import { wordsOf } from "../pages/forms.ts";
import { byId, h } from "../shared/dom.ts";
import { figures, matching, type Overview } from "./overview.ts";
import { Plot } from "./plot.ts";
import { nodesTable, serverPart, workersTable } from "./tables.ts";
import * as words from "./words.ts";

const EVERY_MS = 2000;

export function adminPage(): void {
  const plots = [
    new Plot(t("admin.people"), words.count, 4),
    new Plot(t("admin.sessions"), words.count, 4),
    new Plot(t("admin.packets"), words.count, 100),
    new Plot(t("admin.bitrate"), words.kbit, 500),
    new Plot(t("admin.loss"), words.part, 0.05),
    new Plot(t("admin.lag"), words.milliseconds, 0.05),
  ];
  byId("plots").append(...plots.map((plot) => plot.element));
  addEventListener("resize", () => plots.forEach((plot) => plot.draw()));
  const filter = byId("filter", HTMLInputElement);
  const updated = byId("updated");
  let last: Overview | null = null;

  function showServers(): void {
    const servers = last?.servers ?? [];
    const found = matching(servers, filter.value);
    byId("nobody").hidden = servers.length > 0;
    const nothing = servers.length > 0 && found.length === 0;
    byId("servers").replaceChildren(
      ...found.map(serverPart),
      ...(nothing ? [h("p", { class: "muted" }, t("admin.nothing_found", { text: filter.value }))] : []),
    );
  }

  function show(view: Overview): void {
    last = view;
    figures(view).forEach((value, index) => plots[index]?.add(view.at, value));
    byId("no-workers").hidden = view.workers.length > 0;
    byId("workers").replaceChildren(...(view.workers.length > 0 ? [workersTable(view.workers)] : []));
    byId("nodes").replaceChildren(nodesTable(view.nodes));
    showServers();
    updated.textContent = t("admin.updated", { time: words.time(view.at) });
    updated.classList.remove("stale");
    byId("admin").removeAttribute("aria-busy");
  }

  async function look(): Promise<void> {
    try {
      if (!document.hidden) show(await api<Overview>("GET", "/api/admin/overview"));
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return location.assign("/login?next=/admin");
      updated.textContent = last ? t("admin.stale", { time: words.time(last.at) }) : wordsOf(error);
      updated.classList.add("stale");
    }
    setTimeout(() => void look(), EVERY_MS);
  }

  filter.addEventListener("input", showServers);
  void look();
}
