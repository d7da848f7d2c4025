// A Colyseus room that does what our world does for positions, for `tests.bench.world_sockets`: the same map,
// tick and view (a cell of `cell` px and the eight around it), the same check of speed and edge. Each client
// has a StateView, Colyseus' own way to filter state by client; who crosses into another cell is added to
// and removed from views. Prints {"port", "pid"} once it listens; arguments: side and cell in px, tick in ms.

import { createServer } from "node:http";
import { Room, Server } from "@colyseus/core";
import { StateView, schema, t } from "@colyseus/schema";
import { WebSocketTransport } from "@colyseus/ws-transport";

const [side, cell, tick] = process.argv.slice(2).map(Number);
const MAX_STEP = 140;
const RUN_SPEED = 396;
const SAVED_SECONDS = 2;

const Player = schema(
  { id: t.string(), name: t.string(), avatar: t.string(), x: t.float32(), y: t.float32(), direction: t.uint8() },
  "Player",
);
const State = schema({ players: t.map(Player).view() }, "State");

function keysAround(player) {
  const [cx, cy] = [Math.floor(player.x / cell), Math.floor(player.y / cell)];
  const keys = [];
  for (const dx of [-1, 0, 1]) for (const dy of [-1, 0, 1]) keys.push(`${cx + dx},${cy + dy}`);
  return keys;
}

class Space extends Room {
  patchRate = tick;
  seatReservationTimeout = 120;
  cells = new Map(); // "cx,cy" -> Map of session id -> {client, player}

  onCreate() {
    this.state = new State();
    this.onMessage("move", (client, move) => this.move(client, move));
  }

  onJoin(client, { name, x, y }) {
    const player = new Player();
    Object.assign(player, { id: client.sessionId, name, avatar: "avatar-1", x, y, direction: 0 });
    client.view = new StateView();
    client.userData = { player, key: undefined, around: [], saved: SAVED_SECONDS * RUN_SPEED, at: Date.now() };
    this.state.players.set(client.sessionId, player);
    this.file(client);
  }

  onLeave(client) {
    const { around, key } = client.userData;
    for (const near of around) for (const other of this.cells.get(near) ?? []) {
      if (other !== client) other.view.remove(client.userData.player);
    }
    this.cells.get(key)?.delete(client);
    this.state.players.delete(client.sessionId);
  }

  move(client, { x, y, direction }) {
    const { player, saved, at } = client.userData;
    if (!(x >= 0 && x < side && y >= 0 && y < side)) return client.send("back", [player.x, player.y]);
    const now = Date.now();
    const allowed = Math.min(SAVED_SECONDS * RUN_SPEED, saved + ((now - at) / 1000) * RUN_SPEED);
    const step = Math.hypot(x - player.x, y - player.y);
    if (step > MAX_STEP || step > allowed) return client.send("back", [player.x, player.y]);
    client.userData.saved = allowed - step;
    client.userData.at = now;
    player.x = x;
    player.y = y;
    player.direction = direction;
    this.file(client);
  }

  // Views follow the cell.
  file(client) {
    const mine = client.userData;
    const around = keysAround(mine.player);
    const key = around[4];
    if (key === mine.key) return;
    for (const near of mine.around) {
      if (around.includes(near)) continue;
      for (const other of this.cells.get(near) ?? []) {
        client.view.remove(other.userData.player);
        other.view.remove(mine.player);
      }
    }
    for (const near of around) {
      if (mine.around.includes(near)) continue;
      for (const other of this.cells.get(near) ?? []) {
        if (other === client) continue;
        client.view.add(other.userData.player);
        other.view.add(mine.player);
      }
    }
    this.cells.get(mine.key)?.delete(client);
    if (!this.cells.has(key)) this.cells.set(key, new Set());
    this.cells.get(key).add(client);
    mine.key = key;
    mine.around = around;
  }
}

const http = createServer();
process.stdin.resume().on("end", () => process.exit(0));
const server = new Server({ greet: false, transport: new WebSocketTransport({ server: http }) });
server.define("space", Space);
await server.listen(0, "127.0.0.1");
console.log(JSON.stringify({ port: http.address().port, pid: process.pid }));
