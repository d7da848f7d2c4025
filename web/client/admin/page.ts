/** The admin page: asks every two seconds while it is seen, keeps five minutes for the plots. */
import { t } from "../i18n/words.ts";
import { api, ApiError } from "../pages/api.ts";
import { readyDialog, sure } from "../pages/dialogs.ts";
import { wordsOf } from "../pages/forms.ts";
import { toast } from "../pages/toast.ts";
import { byId, h } from "../shared/dom.ts";
import { figures, hasOthers, matching, type Overview, type Worker } from "./overview.ts";
import { Plot } from "./plot.ts";
import { nodesTable, serverPart, workersTable } from "./tables.ts";
import * as words from "./words.ts";

const EVERY_MS = 2000;

/** After a question, which says so where its people would have nowhere to go. */
async function drain(worker: Worker, others: boolean): Promise<void> {
  const named = { worker: worker.name };
  const cancel = worker.draining;
  const words = others ? t("admin.drain_words") : t("admin.drain_alone");
  if (!cancel && !(await sure(t("admin.drain_sure", named), words, t("admin.drain")))) return;
  await api("POST", `/api/admin/workers/${encodeURIComponent(worker.name)}/drain`, { cancel });
  toast(cancel ? t("admin.undrain_told", named) : t("admin.drain_told", named));
}

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

  /** The table is made anew at each look; whoever is on a button of it stays there. */
  function showWorkers(view: Overview): void {
    const on = (document.activeElement as HTMLElement | null)?.dataset["worker"];
    byId("workers").replaceChildren(...(view.workers.length > 0 ? [workersTable(view.workers, askDrain)] : []));
    if (on) byId("workers").querySelector<HTMLElement>(`[data-worker="${CSS.escape(on)}"]`)?.focus();
  }

  function askDrain(worker: Worker): void {
    void drain(worker, last !== null && hasOthers(last, worker.name)).catch((error: unknown) => toast(wordsOf(error)));
  }

  function show(view: Overview): void {
    last = view;
    figures(view).forEach((value, index) => plots[index]?.add(view.at, value));
    byId("no-workers").hidden = view.workers.length > 0;
    showWorkers(view);
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

  readyDialog(byId("sure", HTMLDialogElement));
  filter.addEventListener("input", showServers);
  void look();
}
