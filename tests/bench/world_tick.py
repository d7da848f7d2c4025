"""What the world costs: prints its figures, one a line, as `name value unit`.

    python -m tests.bench.world_tick [--quick]

People walk at random on an open map at 10 moves a second each, with about 30 others in view. Moves come in
as WebSocket payloads and are decoded; frames go to outlets that count bytes (the kernel's share of sending
is measured separately by the gateway's own load tests). All are on the air, so routes are made too.
Times are CPU time of this process; the tick's are wall-clock.
"""

from __future__ import annotations

import argparse
import gc
import math
import random
import time
import tracemalloc
from dataclasses import dataclass

from signaling.codec import decode_client, encode
from signaling.control import SetRoutes
from signaling.messages import Bounds, MediaFlags, PlayerMove
from world import talk
from world.client import Client
from world.hearing import Link
from world.interest import CELL
from world.live import LiveSpace, Outside
from world.metrics import WorldMetrics
from world.records import Seat, ServerRecord, Spawn, ZoneRecord
from world.slots import Ears
from world.tick import TICK_SECONDS

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

    def __init__(self) -> None:
        self.writes = 0
        self.bytes = 0

    def write(self, data: bytes) -> None:
        self.writes += 1
        self.bytes += len(data)

    def pending(self) -> int:
        return 0

    def finish(self) -> None:
        pass


class Crowd:
    """`people` walkers at a density that puts `IN_VIEW` others in each one's view."""

    def __init__(self, people: int, side: float | None = None, zones: tuple[ZoneRecord, ...] = ()) -> None:
        area = (3 * CELL) ** 2 * people / IN_VIEW
        self.side = side if side is not None else math.sqrt(area)
        self.random = random.Random(7)
        self.routed = 0
        self._epoch = 0
        record = ServerRecord(
            "bench", "owner", "Bench", "open", "public", zones, (Spawn("s", self.side / 2, self.side / 2),)
        )
        outside = Outside(self._routed, lambda *_: None, self._next, time.time)
        self.live = LiveSpace(record, OpenGround(self.side, self.side), outside, WorldMetrics())
        self.live.wake = lambda: None  # type: ignore[method-assign]  # the bench ticks by itself
        self.clients = [self._come(i, people) for i in range(people)]
        self.live.tick(0.0)

    def _routed(self, worker: str, change: SetRoutes) -> None:
        self.routed += 1

    def _next(self) -> int:
        self._epoch += 1
        return self._epoch

    def _come(self, number: int, people: int) -> Client:
        live = self.live
        seat = Seat(f"{number:08x}-0000-4000-8000-{number:012x}", f"P{number}", "a1", "walker", "member")
        place = self.random.uniform(0, self.side), self.random.uniform(0, self.side)
        player = live.space.join(seat, 0.0, place)
        player.flags = MediaFlags(mic=True, camera=True)
        player.sources = {"mic", "camera"}
        player.carrier = "w1"
        live.hearing.links[player] = Link(f"session-{number}", "w1", Ears())
        client = live.clients[player] = Client(seat, player, CountingOutlet())
        live.interest.place(player)
        live.interest.look(player)
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
        talk.move(self.live, client, message, now, self.live._metrics)

    def sent(self) -> tuple[int, int]:
        outlets = [client.outlet for client in self.clients]
        counting = [outlet for outlet in outlets if isinstance(outlet, CountingOutlet)]
        return sum(o.writes for o in counting), sum(o.bytes for o in counting)


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def tick_figures(people: int, seconds: float) -> dict[str, float]:
    """Walks for so many (virtual) seconds; times in ms and µs."""
    crowd = Crowd(people)
    ticks: list[float] = []
    taking = ticking = 0.0
    moves = delivered = 0
    writes_before, bytes_before = crowd.sent()
    per_tick = max(1, round(1 / (MOVES_PER_SECOND * TICK_SECONDS)))
    now = 1.0
    for step in range(int(seconds / TICK_SECONDS)):
        now += TICK_SECONDS
        movers = crowd.clients[step % per_tick :: per_tick]
        payloads = [(client, crowd.payload(client, step)) for client in movers]
        begin = time.process_time()
        for client, payload in payloads:
            crowd.take(client, payload, now)
        taking += time.process_time() - begin
        moves += len(movers)
        begin = time.process_time()
        wall = time.perf_counter()
        crowd.live.tick(now)
        ticks.append(time.perf_counter() - wall)
        ticking += time.process_time() - begin
    writes, size = crowd.sent()
    view = crowd.live.interest
    seen = [sum(1 for _ in view.visible(c.player.view)) - 1 for c in crowd.clients if c.player.view]
    delivered = int(moves * sum(seen) / len(seen))
    return {
        "in_view": sum(seen) / len(seen),
        "tick_p50_ms": percentile(ticks, 0.5) * 1000,
        "tick_p99_ms": percentile(ticks, 0.99) * 1000,
        "take_us": taking / moves * 1e6,
        "move_us": (taking + ticking) / moves * 1e6,
        "delivery_us": (taking + ticking) / delivered * 1e6,
        "load": (taking + ticking) / seconds,
        "messages_per_s": (writes - writes_before) / seconds,
        "mbit_per_s": (size - bytes_before) * 8 / 1e6 / seconds,
    }


def crowding_figures(people: int = 1000) -> tuple[float, float]:
    """Everybody steps into one private room within a second: CPU seconds until all routes are settled,
    and the longest tick in ms."""
    room = ZoneRecord("room", "bench", "Room", "PRIVATE", Bounds(0, 0, 2000, 2000), "m")
    crowd = Crowd(people, 4000.0, (room,))
    for client in crowd.clients:
        crowd.live.space.put(client.player, crowd.random.uniform(2000, 4000), crowd.random.uniform(0, 4000))
    crowd.live.tick(0.5)
    longest = 0.0
    now = 1.0
    begin = time.process_time()
    per_tick = int(people * TICK_SECONDS)
    for start in range(0, people, per_tick):
        now += TICK_SECONDS
        for client in crowd.clients[start : start + per_tick]:
            crowd.live.space.put(client.player, *(crowd.random.uniform(10, 1990) for _ in "xy"))
        wall = time.perf_counter()
        crowd.live.tick(now)
        longest = max(longest, time.perf_counter() - wall)
    wall = time.perf_counter()
    crowd.live.tick(now + 0.3)
    longest = max(longest, time.perf_counter() - wall)
    used = time.process_time() - begin
    fed = [link.ears for link in crowd.live.hearing.links.values() if link.ears is not None]
    assert all(ears.audio.slots[0] is not None for ears in fed), "somebody in the room hears nobody"
    return used, longest * 1000


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
    seconds = 1.0 if parser.parse_args().quick else 10.0
    figures = {}
    for people in (100, 1000, 2000, 5000):
        # The same number of moves for each, so that the figures are equally sure.
        figures[people] = tick_figures(people, seconds * (1 if people >= 2000 else 2000 / people / 2))
        for name, value in figures[people].items():
            print(f"world.{people}.{name} {value:.3f}")
    for people in (1000, 5000):
        print(f"world.move_ratio_{people}_to_100 {figures[people]['move_us'] / figures[100]['move_us']:.2f}")
    used, longest = crowding_figures()
    print(f"world.room_of_1000.settled_cpu_s {used:.2f}")
    print(f"world.room_of_1000.longest_tick_ms {longest:.1f}")
    print(f"world.memory_per_player_kb {memory_figure():.1f}")


if __name__ == "__main__":
    main()
