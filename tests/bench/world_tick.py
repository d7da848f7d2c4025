"""What the world costs: prints its figures, one a line, as `name value unit`.

    python -m tests.bench.world_tick [--quick]

People walk at random on an open map at 10 moves a second each, with about 30 others in view. Moves come in
as WebSocket payloads and are decoded; frames go to outlets that count bytes (the kernel's share of sending
is measured separately by the gateway's own load tests). All are on the air, so routes are made too.
Times are CPU time of this process but for `tick_p50_ms`, `tick_p99_ms` and `longest_tick_ms`, which are
wall-clock and so also tell how busy the machine is. `move_ratio_A_to_B` compares rounds that ran one
after the other: it is the ratio of what one move costs, everything included, in a crowd of A and of B.
"""

from __future__ import annotations

import argparse
import gc
import math
import random
import statistics
import time
import tracemalloc
from collections import Counter
from dataclasses import dataclass

from signaling.codec import decode_client, encode
from signaling.control import SetRoutes
from signaling.messages import Bounds, MediaFlags, PlayerMove
from world.clients.client import Client
from world.hearing.routes import Link
from world.hearing.slots import Ears
from world.metrics import WorldMetrics
from world.native.wires import SHUT
from world.nodes.lease import Lease, Tenure
from world.records import Seat, ServerRecord, Spawn, ZoneRecord
from world.running import talk
from world.running.collector import calm_collector
from world.running.live import LiveSpace, Outside
from world.running.tick import TICK_SECONDS
from world.space.interest import CELL, block

IN_VIEW = 30
MOVES_PER_SECOND = 10


class OpenCollision:
    """Everywhere is free; what a real map's collision costs is that map's own figure."""

    def free(self, x: float, y: float) -> bool:
        return True

    def clear_path(self, x0: float, y0: float, x1: float, y1: float) -> bool:
        return True


@dataclass(frozen=True)
class OpenGround:
    width: float
    height: float
    tile: int = 32

    @property
    def collision(self) -> OpenCollision:
        return OpenCollision()


class CountingOutlet:
    """Counts what a socket would be given."""

    wire = SHUT

    def __init__(self) -> None:
        self.writes = 0
        self.bytes = 0

    def write(self, data: bytes) -> None:
        self.writes += 1
        self.bytes += len(data)

    def offer(self, data: bytes) -> bool:
        self.write(data)
        return True

    def pending(self) -> int:
        return 0

    def finish(self) -> None:
        pass


class Crowd:
    """`people` walkers at a density that puts `IN_VIEW` others in each one's view."""

    def __init__(self, people: int, side: float | None = None, zones: tuple[ZoneRecord, ...] = ()) -> None:
        self.side = side if side is not None else side_for(people)
        self.random = random.Random(7)
        self.routed = 0
        record = ServerRecord(
            "bench", "owner", "Bench", "open", "public", zones, (Spawn("s", self.side / 2, self.side / 2),)
        )
        outside = Outside(self._routed, lambda *_: None, time.time, lambda: 0.0)
        tenure = Tenure(Lease("bench", 1), 0.0)
        self.live = LiveSpace(record, OpenGround(self.side, self.side), outside, WorldMetrics(), tenure)
        self.live.wake = lambda: None  # type: ignore[method-assign]  # the bench ticks by itself
        self.clients = [self._come(i, people) for i in range(people)]
        self.live.tick(0.0)

    def _routed(self, worker: str, change: SetRoutes) -> None:
        self.routed += 1

    def _come(self, number: int, people: int) -> Client:
        live = self.live
        seat = Seat(f"{number:08x}-0000-4000-8000-{number:012x}", f"P{number}", "a1", "walker", "member")
        place = self.random.uniform(0, self.side), self.random.uniform(0, self.side)
        player = live.space.join(seat, 0.0, place)
        player.flags = MediaFlags(mic=True, camera=True)
        player.sources = {"mic", "camera"}
        player.carrier = "w1"
        live.hearing.links[player] = Link(f"session-{number}", "w1", Ears())
        client = Client(seat, player, CountingOutlet())
        live.telling.connect(client)
        return client

    def payload(self, client: Client, seq: int) -> bytes:
        """A step of 22 px (walking speed at 10 Hz) that stays on the map."""
        player = client.player
        angle = self.random.uniform(0, 2 * math.pi)
        x = min(max(player.x + 22 * math.cos(angle), 0.0), self.side - 1)
        y = min(max(player.y + 22 * math.sin(angle), 0.0), self.side - 1)
        return encode(PlayerMove(round(x, 2), round(y, 2), "left", seq))

    def take(self, client: Client, payload: bytes, now: float) -> None:
        """What the gateway does with one frame."""
        message = decode_client(payload)
        assert isinstance(message, PlayerMove)
        client.total.take(now)
        talk.move(self.live, client, message, now)

    def sent(self) -> tuple[int, int]:
        outlets = [client.outlet for client in self.clients]
        counting = [outlet for outlet in outlets if isinstance(outlet, CountingOutlet)]
        return sum(o.writes for o in counting), sum(o.bytes for o in counting)


def side_for(people: int) -> float:
    """The side (px) of a square map on which `people` have `IN_VIEW` others in view on average: at the edge
    of a map there are fewer, so a small one must be denser."""
    draw = random.Random(11)
    places = [(draw.random(), draw.random()) for _ in range(people)]
    low, high = CELL, CELL * people
    for _ in range(20):
        side = (low + high) / 2
        cells = Counter((int(x * side // CELL), int(y * side // CELL)) for x, y in places)
        seen = sum(count * sum(cells[near] for near in block(cell)) for cell, count in list(cells.items()))
        low, high = (side, high) if seen / people - 1 > IN_VIEW else (low, side)
    return (low + high) / 2


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class Walk:
    """A crowd that walks in (virtual) time, and what each part of it has cost."""

    def __init__(self, people: int) -> None:
        self.crowd = Crowd(people)
        self.people = people
        self.now = 1.0
        self.step = 0
        self.moves = 0
        self.walls: list[float] = []  # s, by tick
        self.ticks: list[float] = []  # CPU s, by tick
        self.taken = 0.0
        self.rounds: list[float] = []  # CPU s per move, by round

    def round(self, ticks: int) -> None:
        """Walk for so many ticks."""
        crowd, before, moves = self.crowd, self.taken + sum(self.ticks), self.moves
        per_tick = max(1, round(1 / (MOVES_PER_SECOND * TICK_SECONDS)))
        for _ in range(ticks):
            self.now += TICK_SECONDS
            self.step += 1
            movers = crowd.clients[self.step % per_tick :: per_tick]
            payloads = [(client, crowd.payload(client, self.step)) for client in movers]
            begin = time.process_time()
            for client, payload in payloads:
                crowd.take(client, payload, self.now)
            middle, wall = time.process_time(), time.perf_counter()
            crowd.live.tick(self.now)
            self.walls.append(time.perf_counter() - wall)
            self.ticks.append(time.process_time() - middle)
            self.taken += middle - begin
            self.moves += len(movers)
        self.rounds.append((self.taken + sum(self.ticks) - before) / (self.moves - moves))

    def figures(self) -> dict[str, float]:
        """Times in ms and µs; `load` is the share of a core."""
        view = self.crowd.live.interest
        seen = [sum(1 for _ in view.visible(c.player.view)) - 1 for c in self.crowd.clients if c.player.view]
        in_view = sum(seen) / len(seen)
        writes, size = self.crowd.sent()
        seconds = len(self.ticks) * TICK_SECONDS
        move = statistics.median(self.rounds)
        return {
            "in_view": in_view,
            "tick_p50_ms": percentile(self.walls, 0.5) * 1000,
            "tick_p99_ms": percentile(self.walls, 0.99) * 1000,
            "tick_p50_cpu_ms": percentile(self.ticks, 0.5) * 1000,
            "tick_p99_cpu_ms": percentile(self.ticks, 0.99) * 1000,
            "take_us": self.taken / self.moves * 1e6,
            "move_us": move * 1e6,
            "delivery_us": move / in_view * 1e6,
            "load": move * self.people * MOVES_PER_SECOND,
            "messages_per_s": writes / seconds,
            "mbit_per_s": size * 8 / 1e6 / seconds,
        }


def walking_figures(crowds: tuple[int, ...], rounds: int) -> list[Walk]:
    """All crowds by turns, so that the machine's moods hit all of them; the same number of moves each."""
    walks = [Walk(people) for people in crowds]
    gc.collect()
    for number in range(rounds):
        for walk in walks:
            walk.round(max(crowds) // walk.people)
        if number == 0:  # to warm up
            for walk in walks:
                walk.walls, walk.ticks, walk.rounds, walk.taken, walk.moves = [], [], [], 0.0, 0
    return walks


def crowding_figures(people: int = 1000) -> dict[str, float]:
    """Everybody steps from a crowd outside into one private room within a second. CPU seconds until all
    routes are settled; when that is, counted from the first step, if ticks come every `TICK_SECONDS` or when
    the one before is done; the longest tick in CPU ms and in ms."""
    room = ZoneRecord("room", "bench", "Room", "PRIVATE", Bounds(0, 0, 2000, 2000), "m")
    crowd = Crowd(people, 4000.0, (room,))
    for client in crowd.clients:
        crowd.live.space.put(client.player, crowd.random.uniform(2000, 4000), crowd.random.uniform(0, 4000))
    now = 0.0
    for _ in range(20):  # enough for everybody to be given what they hear
        now += TICK_SECONDS
        crowd.live.tick(now)
    per_tick = int(people * TICK_SECONDS)
    entering = [crowd.clients[start : start + per_tick] for start in range(0, people, per_tick)]
    used, done, walls, ticks = 0.0, 0.0, [0.0], [0.0]
    for number in range(1000):
        now += TICK_SECONDS
        begin = time.process_time()
        for client in entering[number] if number < len(entering) else ():
            crowd.live.space.put(client.player, *(crowd.random.uniform(10, 1990) for _ in "xy"))
        middle, wall = time.process_time(), time.perf_counter()
        crowd.live.tick(now)
        walls.append(time.perf_counter() - wall)
        ticks.append(time.process_time() - middle)
        took = time.process_time() - begin
        used += took
        done = max(done, number * TICK_SECONDS) + took
        if number >= len(entering) and not crowd.live.hearing.waiting:
            break
    fed = [link.ears for link in crowd.live.hearing.links.values() if link.ears is not None]
    assert all(None not in ears.audio.slots for ears in fed), "somebody in the room has a free slot"
    return {
        "settled_cpu_s": used,
        "settled_s": done,
        "longest_tick_cpu_ms": max(ticks) * 1000,
        "longest_tick_ms": max(walls) * 1000,
    }


def memory_figure(people: int = 1000) -> float:
    """Python memory per player in kB, without the socket."""
    gc.collect()
    tracemalloc.start()
    crowd = Crowd(people)
    gc.collect()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(crowd.clients) == people
    return size / people / 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="a tenth of the time")
    rounds = 11 if parser.parse_args().quick else 101
    calm_collector()
    walks = walking_figures((100, 1000, 2000, 5000), rounds)
    for walk in walks:
        for name, value in walk.figures().items():
            print(f"world.{walk.people}.{name} {value:.3f}")
    for walk in walks[1:]:
        ratio = statistics.median(a / b for a, b in zip(walk.rounds, walks[0].rounds, strict=True))
        print(f"world.move_ratio_{walk.people}_to_100 {ratio:.2f}")
    for name, value in crowding_figures().items():
        print(f"world.room_of_1000.{name} {value:.2f}")
    print(f"world.memory_per_player_kb {memory_figure():.1f}")


if __name__ == "__main__":
    main()
