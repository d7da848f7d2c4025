/** The tables of the admin page. On a phone each row is a card, so every cell carries its column's name. */
import { t } from "../i18n/words.ts";
import { h } from "../shared/dom.ts";
import { icon, type IconName } from "../shared/icons.ts";
import { type Person, type Server, sorted, type Worker, type WorldNode } from "./overview.ts";
import * as words from "./words.ts";

type Cell = Node | string;
interface Column<T> {
  head: string;
  cell: (row: T) => Cell;
  /** Figures stand at the right. */
  figure?: boolean;
}

const BUSY = 0.6;
const FULL = 0.85;
/** Of a crowd the page shows so many: those with trouble come first. */
const MOST_PEOPLE = 200;
const SIGNS: Record<string, IconName> = { mic: "mic", camera: "camera", screen: "screen" };

function table<T>(columns: readonly Column<T>[], rows: readonly T[], label: string): HTMLElement {
  const cell = (column: Column<T>, row: T, first: boolean): HTMLElement =>
    h(
      first ? "th" : "td",
      { "data-head": column.head, class: column.figure ? "figure" : null, scope: first ? "row" : null },
      column.cell(row),
    );
  return h(
    "table",
    { class: "admin-table", "aria-label": label },
    h("thead", {}, h("tr", {}, ...columns.map(({ head, figure }) => h("th", { scope: "col", class: figure ? "figure" : null }, head)))),
    h("tbody", {}, ...rows.map((row) => h("tr", {}, ...columns.map((column, index) => cell(column, row, index === 0))))),
  );
}

function loadBar(load: number): HTMLElement {
  const meter = h("meter", { class: "load", min: 0, max: 1, low: BUSY, high: FULL, optimum: 0, value: Math.min(1, load) });
  meter.setAttribute("aria-label", t("admin.load"));
  return h("span", { class: "load-cell" }, meter, h("span", {}, words.part(load)));
}

function workerName(worker: Worker): HTMLElement {
  return h(
    "span",
    { class: "named" },
    worker.name,
    worker.region && h("span", { class: "tag" }, worker.region),
    worker.draining && h("span", { class: "tag warn" }, t("admin.draining")),
    !worker.answers && h("span", { class: "tag bad" }, t("admin.silent")),
  );
}

/** Begins to empty a worker, or ends that. */
export type Draining = (worker: Worker) => void;

function drainButton(worker: Worker, drain: Draining): HTMLElement {
  const [words, label] = worker.draining ? (["admin.undrain", "admin.undrain_on"] as const) : (["admin.drain", "admin.drain_on"] as const);
  return h(
    "button",
    { class: "button quiet small", type: "button", "data-worker": worker.name, "aria-label": t(label, { worker: worker.name }), onclick: () => drain(worker) },
    t(words),
  );
}

export function workersTable(workers: readonly Worker[], drain: Draining): HTMLElement {
  const columns: Column<Worker>[] = [
    { head: t("admin.name"), cell: workerName },
    { head: t("admin.version"), cell: (w) => w.version },
    { head: t("admin.plane"), cell: (w) => w.plane },
    { head: t("admin.load"), cell: (w) => loadBar(w.load) },
    { head: t("admin.sessions"), cell: (w) => words.count(w.sessions), figure: true },
    { head: t("admin.packets"), cell: (w) => words.count(w.packets_out), figure: true },
    { head: t("admin.bitrate"), cell: (w) => words.kbit(w.kbit_out), figure: true },
    { head: t("admin.cost"), cell: (w) => words.microseconds(w.packet_microseconds), figure: true },
    { head: t("admin.loss"), cell: (w) => words.part(w.loss), figure: true },
    { head: t("admin.round_trip"), cell: (w) => words.milliseconds(w.round_trip), figure: true },
    { head: t("admin.drain"), cell: (w) => drainButton(w, drain), figure: true },
  ];
  return table(columns, workers, t("admin.workers"));
}

export function nodesTable(nodes: readonly WorldNode[]): HTMLElement {
  const columns: Column<WorldNode>[] = [
    { head: t("admin.name"), cell: (n) => n.name },
    { head: t("admin.version"), cell: (n) => n.version },
    { head: t("admin.people"), cell: (n) => words.count(n.people), figure: true },
    { head: t("admin.sockets"), cell: (n) => words.count(n.clients), figure: true },
    { head: t("admin.spaces"), cell: (n) => words.count(n.spaces), figure: true },
    { head: t("admin.cpu"), cell: (n) => words.cores(n.cpu), figure: true },
    { head: t("admin.lag"), cell: (n) => words.milliseconds(n.lag), figure: true },
  ];
  return table(columns, nodes, t("admin.nodes"));
}

const SOURCES: Record<string, string> = {
  mic: t("admin.source.mic"),
  camera: t("admin.source.camera"),
  screen: t("admin.source.screen"),
  screen_audio: t("admin.source.screen_audio"),
};
const QUALITY = {
  good: t("admin.quality.good"),
  fair: t("admin.quality.fair"),
  poor: t("admin.quality.poor"),
  none: t("admin.quality.none"),
};

function sources(person: Person): HTMLElement {
  const signs = person.on.flatMap((source) => {
    const sign = SIGNS[source];
    const name = SOURCES[source];
    return sign && name ? [h("span", { title: name }, icon(sign), h("span", { class: "visually-hidden" }, name))] : [];
  });
  return h("span", { class: "signs" }, ...(signs.length > 0 ? signs : ["–"]));
}

function personName(person: Person): HTMLElement {
  const kind = person.presence === "device" ? t("admin.device") : person.presence === "guest" ? t("admin.guest") : null;
  return h("span", { class: "named" }, person.name, kind && h("span", { class: "tag" }, kind));
}

const PEOPLE: Column<Person>[] = [
  { head: t("admin.name"), cell: personName },
  { head: t("admin.zone"), cell: (p) => p.zone || "–" },
  { head: t("admin.worker"), cell: (p) => p.worker || "–" },
  { head: t("admin.on"), cell: sources },
  { head: t("admin.up"), cell: (p) => words.kbit(p.up_kbit), figure: true },
  { head: t("admin.down"), cell: (p) => words.kbit(p.down_kbit), figure: true },
  { head: t("admin.loss_up"), cell: (p) => words.part(p.quality === "none" ? -1 : p.up_loss), figure: true },
  { head: t("admin.loss_down"), cell: (p) => words.part(p.loss), figure: true },
  { head: t("admin.round_trip"), cell: (p) => words.milliseconds(p.round_trip), figure: true },
  { head: t("admin.media"), cell: (p) => h("span", { class: `quality ${p.quality}` }, QUALITY[p.quality]) },
];

/** A server with its people. */
export function serverPart(server: Server): HTMLElement {
  const shown = sorted(server.present).slice(0, MOST_PEOPLE);
  const more = server.present.length - shown.length;
  return h(
    "section",
    { class: "admin-server" },
    h("h3", {}, server.name, h("span", { class: "muted" }, t("admin.in_server", { count: server.people }))),
    table(PEOPLE, shown, server.name),
    more > 0 && h("p", { class: "muted" }, t("admin.more", { count: more })),
  );
}
