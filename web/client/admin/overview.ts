/** What `/api/admin/overview` answers (world/api/admin_shapes.py), and what is picked out of it. Pure. */

export type Quality = "none" | "good" | "fair" | "poor";

export interface Worker {
  name: string;
  plane: string;
  load: number;
  sessions: number;
  draining: boolean;
  answers: boolean;
  version: string;
  region: string;
  cpu: number;
  lag: number;
  packets_in: number;
  packets_out: number;
  kbit_out: number;
  packet_microseconds: number;
  loss: number;
  round_trip: number;
}

export interface WorldNode {
  name: string;
  version: string;
  clients: number;
  spaces: number;
  people: number;
  cpu: number;
  lag: number;
}

export interface Person {
  user_id: string;
  name: string;
  presence: string;
  zone: string;
  worker: string;
  on: string[];
  quality: Quality;
  up_kbit: number;
  down_kbit: number;
  up_loss: number;
  loss: number;
  round_trip: number;
}

export interface Server {
  id: string;
  name: string;
  node: string;
  people: number;
  present: Person[];
}

export interface Overview {
  at: number;
  totals: { people: number; servers: number; sessions: number; packets_out: number; kbit_out: number };
  nodes: WorldNode[];
  workers: Worker[];
  servers: Server[];
}

/** Six figures of one look, in the order of the plots; NaN where nothing is known. */
export function figures(view: Overview): number[] {
  const losses = view.workers.filter((worker) => worker.loss >= 0);
  const heard = losses.reduce((sum, worker) => sum + worker.sessions, 0);
  const lost = losses.reduce((sum, worker) => sum + worker.loss * worker.sessions, 0);
  return [
    view.totals.people,
    view.totals.sessions,
    view.totals.packets_out,
    view.totals.kbit_out,
    heard > 0 ? lost / heard : Number.NaN,
    Math.max(0, ...view.workers.map((worker) => worker.lag), ...view.nodes.map((node) => node.lag)),
  ];
}

/** Whether another worker would take this one's people. */
export function hasOthers(view: Overview, name: string): boolean {
  return view.workers.some((worker) => worker.name !== name && !worker.draining && worker.answers);
}

/** The servers with those people who fit: a word of their name, zone or worker, or of the server's name. */
export function matching(servers: readonly Server[], text: string): Server[] {
  const wanted = text.trim().toLocaleLowerCase();
  if (!wanted) return [...servers];
  const fits = (...words: string[]): boolean => words.some((word) => word.toLocaleLowerCase().includes(wanted));
  return servers
    .map((server) =>
      fits(server.name, server.node)
        ? server
        : { ...server, present: server.present.filter((one) => fits(one.name, one.zone, one.worker)) },
    )
    .filter((server) => server.present.length > 0 || fits(server.name, server.node));
}

const WORST: readonly Quality[] = ["poor", "fair", "good", "none"];

/** Those with trouble first, then by name. */
export function sorted(people: readonly Person[]): Person[] {
  return [...people].sort(
    (a, b) => WORST.indexOf(a.quality) - WORST.indexOf(b.quality) || a.name.localeCompare(b.name),
  );
}
