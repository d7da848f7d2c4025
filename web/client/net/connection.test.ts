import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Connection, type ConnectionState } from "./connection.ts";
import type { ServerMessage } from "./messages.ts";

class Socket {
  static readonly OPEN = 1;
  static all: Socket[] = [];
  readyState = Socket.OPEN;
  readonly sent: unknown[] = [];
  closed = false;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  onerror: (() => void) | null = null;
  readonly url: string;
  constructor(url: string) {
    this.url = url;
    Socket.all.push(this);
  }
  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  close(): void {
    this.closed = true;
  }
  say(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

/** A connection on a socket that we play, at a time that we turn. */
function open(t: TestContext, resume: string | null = null) {
  let now = 1000;
  Socket.all = [];
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  t.mock.method(performance, "now", () => now);
  let asleep = 0;
  t.mock.method(Date, "now", () => now + asleep);
  t.mock.method(Math, "random", () => 1);
  Object.assign(globalThis, { WebSocket: Socket, location: { protocol: "https:", host: "atrium.test" } });
  const states: ConnectionState[] = [];
  const messages: ServerMessage[] = [];
  const connection = new Connection({
    serverId: "s 1",
    resume,
    message: (message) => messages.push(message),
    state: (state) => states.push(state),
  });
  connection.start();
  const pass = (ms: number) => {
    now += ms;
    t.mock.timers.tick(ms);
  };
  /** The lid is shut: the wall clock goes on, timers and the page's clock do not. */
  const sleep = (ms: number) => {
    asleep += ms;
  };
  const socket = () => {
    const last = Socket.all.at(-1);
    assert.ok(last);
    return last;
  };
  return { connection, states, messages, pass, sleep, socket, names: () => states.map((s) => s.name) };
}

test("it joins first, and is open once it is welcomed", (t) => {
  const { connection, socket, names } = open(t, "old-token");
  assert.equal(socket().url, "wss://atrium.test/ws/s%201");
  connection.send({ type: "emote", emote: "wave" });
  socket().onopen?.();
  assert.deepEqual(socket().sent, [{ type: "join", resume: "old-token" }]);
  assert.deepEqual(names(), ["connecting"]);
  socket().say({ type: "welcome", resume: "token" });
  assert.deepEqual(names(), ["connecting", "open"]);
  connection.send({ type: "emote", emote: "wave" });
  assert.deepEqual(socket().sent.at(-1), { type: "emote", emote: "wave" });
});

test("nothing is said into a socket that is closing", (t) => {
  const { connection, socket, pass, names } = open(t);
  socket().onopen?.();
  socket().say({ type: "welcome", resume: "token" });
  assert.equal(connection.send({ type: "emote", emote: "wave" }), true);
  const said = socket().sent.length;
  socket().readyState = 2;
  assert.equal(connection.send({ type: "emote", emote: "wave" }), false);
  pass(5000); // a ping is due
  assert.equal(socket().sent.length, said);
  assert.equal(names().at(-1), "open"); // until the socket says so
});

test("after a loss it comes back with the newest resume token", (t) => {
  const { socket, pass, names } = open(t);
  socket().onopen?.();
  socket().say({ type: "welcome", resume: "token" });
  socket().onclose?.();
  assert.equal(names().at(-1), "waiting");
  pass(499);
  assert.equal(Socket.all.length, 1);
  pass(1);
  assert.equal(Socket.all.length, 2);
  socket().onopen?.();
  assert.deepEqual(socket().sent, [{ type: "join", resume: "token" }]);
});

test("one replaced by another tab stays away, until asked", (t) => {
  const { connection, socket, pass, states } = open(t);
  socket().say({ type: "welcome", resume: "token" });
  socket().say({ type: "closing", code: "replaced", message: "Opened elsewhere.", retry_ms: null });
  socket().onclose?.();
  pass(60_000);
  assert.equal(Socket.all.length, 1);
  assert.deepEqual(states.at(-1), { name: "ended", code: "replaced", message: "Opened elsewhere." });
  connection.retry();
  assert.equal(Socket.all.length, 2);
});

test("pongs give the latency, and silence ends a socket that only seems open", (t) => {
  const { connection, socket, pass, names } = open(t);
  socket().say({ type: "welcome", resume: "token" });
  const ping = socket().sent.at(-1) as { type: string; at: number };
  assert.equal(ping.type, "ping");
  pass(30);
  socket().say({ type: "pong", at: ping.at });
  assert.equal(connection.latency, 30);
  const dead = socket();
  for (let i = 0; i < 3; i++) pass(5000);
  assert.equal(names().at(-1), "waiting");
  assert.ok(dead.closed);
});

test("after an hour of sleep it comes back by itself, within seconds and with its token", (t) => {
  const { socket, pass, sleep, names } = open(t);
  socket().say({ type: "welcome", resume: "token" });
  const dead = socket();
  sleep(3_600_000);
  pass(5000); // the next ping is due, and goes nowhere
  pass(2000);
  assert.ok(dead.closed);
  assert.equal(names().at(-1), "waiting");
  pass(500);
  socket().onopen?.();
  assert.deepEqual(socket().sent, [{ type: "join", resume: "token" }]);
});

test("a tab that was only slowed keeps its socket when that answers", (t) => {
  const { socket, pass, sleep, names } = open(t);
  socket().say({ type: "welcome", resume: "token" });
  sleep(60_000);
  pass(5000);
  pass(100);
  socket().say({ type: "pong", at: 0 });
  pass(4000);
  assert.equal(Socket.all.length, 1);
  assert.equal(names().at(-1), "open");
});

test("a socket that never opens is given up", (t) => {
  const { pass, socket, names } = open(t);
  pass(8000);
  assert.ok(socket().closed);
  assert.equal(names().at(-1), "waiting");
});

test("stop is final", (t) => {
  const { connection, socket, pass, states } = open(t);
  socket().say({ type: "welcome", resume: "token" });
  connection.stop();
  pass(60_000);
  assert.equal(Socket.all.length, 1);
  assert.equal(states.at(-1)?.name, "ended");
});
