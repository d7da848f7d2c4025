import assert from "node:assert/strict";
import { test } from "node:test";
import { figures, hasOthers, matching, type Overview, type Person, type Server, sorted, type Worker } from "./overview.ts";

const worker = (fields: Partial<Worker>): Worker => ({
  name: "w", version: "0.1.0", region: "", plane: "native", load: 0, sessions: 1, draining: false, answers: true, cpu: 0, lag: 0, packets_in: 0,
  packets_out: 0, kbit_out: 0, packet_microseconds: -1, loss: -1, round_trip: -1, ...fields,
});
const person = (name: string, fields: Partial<Person> = {}): Person => ({
  user_id: name, name, presence: "walker", zone: "Hall", worker: "w1", on: [], quality: "good", up_kbit: 0, down_kbit: 0,
  up_loss: 0, loss: -1, round_trip: -1, ...fields,
});
const view = (workers: Worker[]): Overview => ({
  at: 0, totals: { people: 3, servers: 1, sessions: 2, packets_out: 100, kbit_out: 50 }, nodes: [], workers, servers: [],
});

test("loss is weighed by how many listen on each worker, and unknown while nobody reports", () => {
  const loss = (...workers: Worker[]): number | undefined => figures(view(workers))[4];
  assert.equal(loss(worker({ loss: 0.1, sessions: 1 }), worker({ loss: 0, sessions: 3 })), 0.025);
  assert.equal(loss(worker({ loss: -1 }), worker({ loss: 0.04, sessions: 2 })), 0.04);
  assert.ok(Number.isNaN(loss(worker({ loss: -1 }))));
});

test("the latest timer is that of the worst process, and none is late where there is none", () => {
  assert.equal(figures(view([worker({ lag: 0.01 }), worker({ lag: 0.3 })]))[5], 0.3);
  assert.equal(figures(view([]))[5], 0);
});

test("a search finds people by name, zone and worker, and whole servers by theirs", () => {
  const guild: Server = { id: "1", name: "Guild", node: "n", people: 2, present: [person("Ada"), person("Bob", { worker: "w2" })] };
  const names = (text: string): string[][] => matching([guild], text).map((server) => server.present.map((one) => one.name));
  assert.deepEqual(names("ada"), [["Ada"]]);
  assert.deepEqual(names(" W2 "), [["Bob"]]);
  assert.deepEqual(names("GUILD"), [["Ada", "Bob"]]);
  assert.deepEqual(names(""), [["Ada", "Bob"]]);
  assert.deepEqual(names("nobody"), []);
});

test("a worker's people have somewhere to go where another takes people and answers", () => {
  const [one, two] = [worker({ name: "w1" }), worker({ name: "w2" })];
  assert.equal(hasOthers(view([one, two]), "w1"), true);
  assert.equal(hasOthers(view([one]), "w1"), false);
  assert.equal(hasOthers(view([one, { ...two, draining: true }]), "w1"), false);
  assert.equal(hasOthers(view([one, { ...two, answers: false }]), "w1"), false);
});

test("those with trouble come first", () => {
  const people = [person("Zoe"), person("Ada", { quality: "none" }), person("Bob", { quality: "poor" }), person("Al", { quality: "fair" })];
  assert.deepEqual(sorted(people).map((one) => one.name), ["Bob", "Al", "Zoe", "Ada"]);
});
