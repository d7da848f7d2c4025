// The people of `tests.bench.world_sockets`: they walk and count what they are told. Both servers get the same
// people from the same random numbers: straight walks at `SPEED`, `RATE` moves a second each, in even phases.
// An update is counted when a client has decoded a new position of somebody else whom it already sees:
// for Colyseus by its own SDK (one per player and patch that changes x or y), for ours by parsing the JSON.
// Arguments: atrium|colyseus, port, people, side in px. Prints {"joined"}; a line on stdin is answered with
// {"updates", "moves", "seen", "backs"} (totals; `seen` is the mean number of others in view now).

const [kind, port, people, side] = process.argv.slice(2).map((a, i) => (i ? Number(a) : a));
const RATE = 10;
const SPEED = 200;
const AT_ONCE = 20;

let seed = 7;
function random() {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed / 2 ** 32;
}

const totals = { updates: 0, moves: 0, backs: 0 };
const place = () => Math.round((0.05 + 0.9 * random()) * side);

async function joinAtrium(walker) {
  const seen = new Set();
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/bench?user=p${walker.number}_${walker.x}_${walker.y}`);
  let seq = 0;
  walker.seen = () => seen.size;
  walker.send = (x, y, direction) =>
    socket.send(JSON.stringify({ type: "player_move", x, y, direction, seq: ++seq }));
  await new Promise((resolve, reject) => {
    socket.onopen = () => socket.send('{"type":"join"}');
    socket.onclose = (event) => reject(new Error(`closed: ${event.code} ${event.reason}`));
    let me;
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      if (message.type === "players") {
        for (const { user_id } of message.joined ?? []) if (user_id !== me) seen.add(user_id);
        for (const user_id of message.left ?? []) seen.delete(user_id);
        for (const moved of message.moved ?? []) if (moved[0] !== me) totals.updates++;
      } else if (message.type === "welcome") {
        me = message.you.user_id;
        [walker.x, walker.y] = [message.you.x, message.you.y];
        for (const { user_id } of message.players) if (user_id !== me) seen.add(user_id);
        resolve();
      } else if (message.type === "moved_back") {
        totals.backs++;
        [walker.x, walker.y] = [message.x, message.y];
      } else if (message.type === "closing" || message.type === "error") {
        throw new Error(data);
      }
    };
  });
}

async function joinColyseus(walker) {
  const { Client } = await import("@colyseus/sdk");
  walker.client = new Client(`http://127.0.0.1:${port}`);
  const options = { name: `p${walker.number}`, x: walker.x, y: walker.y };
  const room = await walker.client.joinOrCreate("space", options);
  const directions = { up: 0, down: 1, left: 2, right: 3 };
  walker.seen = () => room.state.players?.size ?? 0;
  walker.send = (x, y, direction) => room.send("move", { x, y, direction: directions[direction] });
  room.onMessage("back", ([x, y]) => {
    totals.backs++;
    [walker.x, walker.y] = [x, y];
  });
  // Where the SDK's own callbacks hang: every change of a patch, after decoding.
  room.serializer.decoder.triggerChanges = (changes) => {
    const moved = new Set();
    for (const { ref, field, previousValue } of changes) {
      // No value before: somebody who came into view, not one who moved.
      if ((field === "x" || field === "y") && previousValue !== undefined) moved.add(ref);
    }
    totals.updates += moved.size;
  };
}

function step(walker) {
  if (random() < 0.02) walker.heading = random() * 2 * Math.PI;
  const ahead = (part) => part * (SPEED / RATE);
  let [x, y] = [walker.x + ahead(Math.cos(walker.heading)), walker.y + ahead(Math.sin(walker.heading))];
  if (x < 1 || x > side - 1 || y < 1 || y > side - 1) {
    walker.heading = Math.atan2(side / 2 - walker.y, side / 2 - walker.x);
    [x, y] = [walker.x + ahead(Math.cos(walker.heading)), walker.y + ahead(Math.sin(walker.heading))];
  }
  const [dx, dy] = [x - walker.x, y - walker.y];
  [walker.x, walker.y] = [Math.round(x * 100) / 100, Math.round(y * 100) / 100];
  const across = Math.abs(dx) > Math.abs(dy);
  walker.send(walker.x, walker.y, across ? (dx < 0 ? "left" : "right") : dy < 0 ? "up" : "down");
  totals.moves++;
}

const walkers = [];
for (let number = 0; number < people; number++) {
  walkers.push({ number, x: place(), y: place(), heading: random() * 2 * Math.PI });
}
const join = kind === "colyseus" ? joinColyseus : joinAtrium;
for (let first = 0; first < people; first += AT_ONCE) {
  await Promise.all(walkers.slice(first, first + AT_ONCE).map(join));
}
console.log(JSON.stringify({ joined: people }));

const began = performance.now();
let sent = 0;
setInterval(() => {
  const due = Math.floor(((performance.now() - began) / 1000) * RATE * people);
  for (; sent < due; sent++) step(walkers[sent % people]);
}, 5);

process.stdin.on("data", () => {
  const seen = walkers.reduce((sum, walker) => sum + walker.seen(), 0) / people;
  console.log(JSON.stringify({ ...totals, seen }));
});
process.stdin.on("end", () => process.exit(0));
