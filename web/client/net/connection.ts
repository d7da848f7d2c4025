/**
 * One client's WebSocket to the world, for as long as the page lives: joins, comes back after losses,
 * measures the latency, and stops when the world says so. It knows the language and no DOM.
 *
 * `resume` that we were told last is sent with each new join, so that the place is ours again.
 */
import type { ClientMessage, Closing, ServerMessage, Welcome } from "./messages.ts";
import { afterLoss } from "./reconnect.ts";

const PING_MS = 5000;
/** Nothing at all heard for so long, pings included: the network is gone, whatever the socket says. */
const SILENCE_MS = 12_000;
/** A ping that comes this late itself: the machine slept, or the tab was slowed. An answer within … tells. */
const WAKE_MS = 2000;
/** A socket that is not open by then never will be. */
const OPEN_MS = 8000;

export type ConnectionState =
  | { name: "connecting" }
  | { name: "open" }
  | { name: "waiting"; until: number; attempt: number }
  | { name: "ended"; code: string; message: string };

export interface ConnectionOptions {
  serverId: string;
  /** A guest's ticket; a browser with a cookie has none. */
  ticket?: string | null;
  /** The resume token of an earlier page in this tab. */
  resume?: string | null;
  message: (message: ServerMessage) => void;
  state: (state: ConnectionState) => void;
}

export class Connection {
  readonly #options: ConnectionOptions;
  #socket: WebSocket | null = null;
  #state: ConnectionState = { name: "connecting" };
  #resume: string | null;
  #attempt = 0;
  #closing: Closing | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #pings: ReturnType<typeof setInterval> | null = null;
  /** Wall clock: the other one stands still while a machine sleeps. */
  #heardAt = 0;
  #pingedAt = 0;
  #latency: number | null = null;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#resume = options.resume ?? null;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Round trip to the world in ms, null before it is known. */
  get latency(): number | null {
    return this.#latency;
  }

  /** The token that brings this seat back. */
  get resume(): string | null {
    return this.#resume;
  }

  start(): void {
    globalThis.addEventListener?.("online", this.#retryNow);
    this.#open();
  }

  /** Says it if the world listens now, and tells whether it does; what is said into a lost connection is void. */
  send(message: ClientMessage): boolean {
    const socket = this.#socket;
    // A socket that closes is known as lost a moment later only.
    if (this.#state.name !== "open" || socket?.readyState !== WebSocket.OPEN) return false;
    socket.send(JSON.stringify(message));
    return true;
  }

  /** Comes back now instead of after the pause. */
  retry(): void {
    if (this.#state.name === "waiting" || this.#state.name === "ended") this.#open();
  }

  /** Ends it for good. */
  stop(): void {
    globalThis.removeEventListener?.("online", this.#retryNow);
    this.#drop();
    this.#become({ name: "ended", code: "left", message: "You left." });
  }

  readonly #retryNow = (): void => {
    if (this.#state.name === "waiting") this.#open();
  };

  #become(state: ConnectionState): void {
    this.#state = state;
    this.#options.state(state);
  }

  #open(): void {
    this.#drop();
    this.#closing = null;
    this.#become({ name: "connecting" });
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const path = `/ws/${encodeURIComponent(this.#options.serverId)}`;
    const socket = new WebSocket(`${scheme}://${location.host}${path}`);
    this.#socket = socket;
    this.#heardAt = Date.now();
    this.#timer = setTimeout(() => this.#lost(socket), OPEN_MS);
    socket.onopen = () => {
      const join: ClientMessage = { type: "join" };
      if (this.#options.ticket) join.ticket = this.#options.ticket;
      if (this.#resume) join.resume = this.#resume;
      socket.send(JSON.stringify(join));
    };
    socket.onmessage = (event: MessageEvent<string>) => this.#heard(socket, event.data);
    socket.onclose = () => this.#lost(socket);
    socket.onerror = () => this.#lost(socket);
  }

  #heard(socket: WebSocket, text: string): void {
    if (socket !== this.#socket) return;
    this.#heardAt = Date.now();
    const message = JSON.parse(text) as ServerMessage;
    if (message.type === "welcome") this.#welcomed(message);
    else if (message.type === "resume") this.#resume = message.resume;
    else if (message.type === "closing") this.#closing = message;
    else if (message.type === "pong") this.#latency = performance.now() - message.at;
    this.#options.message(message);
  }

  #welcomed(welcome: Welcome): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#attempt = 0;
    this.#resume = welcome.resume;
    this.#become({ name: "open" });
    this.#pingedAt = Date.now();
    this.#ping();
    this.#pings = setInterval(() => this.#ping(), PING_MS);
  }

  #ping(): void {
    const now = Date.now();
    const late = now - this.#pingedAt > SILENCE_MS;
    this.#pingedAt = now;
    if (!late && now - this.#heardAt > SILENCE_MS) {
      this.#lost(this.#socket);
      return;
    }
    this.send({ type: "ping", at: performance.now() });
    if (late) this.#judgeSoon(this.#socket, now);
  }

  /** Lost, if nothing at all is heard since `asked` (wall clock). */
  #judgeSoon(socket: WebSocket | null, asked: number): void {
    setTimeout(() => {
      if (this.#heardAt < asked) this.#lost(socket);
    }, WAKE_MS);
  }

  #lost(socket: WebSocket | null): void {
    if (socket === null || socket !== this.#socket) return;
    this.#drop();
    const verdict = afterLoss(this.#attempt, Math.random(), this.#closing);
    this.#attempt += 1;
    if (verdict.come === "never") {
      this.#become({ name: "ended", code: verdict.code, message: verdict.message });
      return;
    }
    this.#become({ name: "waiting", until: performance.now() + verdict.afterMs, attempt: this.#attempt });
    this.#timer = setTimeout(() => this.#open(), verdict.afterMs);
  }

  /** Lets go of the socket and the timers; no state is told. */
  #drop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#pings !== null) clearInterval(this.#pings);
    this.#timer = null;
    this.#pings = null;
    const socket = this.#socket;
    this.#socket = null;
    this.#latency = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
    socket.close();
  }
}
