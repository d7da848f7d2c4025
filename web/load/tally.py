"""What a load counts, and what it says at the end. Plain numbers: who counts is elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

# Above this the tester itself is what is slow: its figures are then no figures of the server.
LATE_SECONDS = 0.05
MAX_SAMPLES = 200_000


@dataclass(slots=True)
class Stream:
    """One RTP stream as it arrived: extended sequence numbers (RFC 3550 appendix A.1)."""

    first: int
    highest: int
    packets: int = 1

    def take(self, number: int) -> None:
        """A packet with this 16-bit sequence number has come."""
        ahead = (number - self.highest + 0x8000) % 0x10000 - 0x8000
        self.highest = max(self.highest, self.highest + ahead)
        self.packets += 1

    @property
    def expected(self) -> int:
        """How many packets the numbers say were sent."""
        return self.highest - self.first + 1


@dataclass(slots=True)
class Tally:
    """Counts since the load stood. Times in s."""

    moves: int = 0
    refused: int = 0  # moves into walls, which a walker turns back from
    positions: int = 0
    packets: int = 0
    lost: int = 0
    sent: int = 0
    gone: int = 0
    media_moved: int = 0  # to another worker, as asked
    media_lost: int = 0
    media_back: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    pings: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    first_media: list[float] = field(default_factory=list)

    def pinged(self, seconds: float) -> None:
        """A ping came back."""
        if len(self.pings) < MAX_SAMPLES:
            self.pings.append(seconds)

    def was_late(self, seconds: float) -> None:
        """The tester itself came so much later than it wanted."""
        if len(self.late) < MAX_SAMPLES:
            self.late.append(seconds)

    def error(self, code: str) -> None:
        """The server refused something."""
        self.errors[code] = self.errors.get(code, 0) + 1

    def begin(self) -> None:
        """Forget what came while people came in; how long media took stays."""
        self.moves = self.refused = self.positions = self.packets = self.lost = self.sent = 0
        self.pings.clear()
        self.late.clear()


def percentile(values: Sequence[float], part: float) -> float | None:
    """The value that `part` of them stay at or below; None without values."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


@dataclass(frozen=True, slots=True)
class Report:
    """One load, counted. Rates are per second; times in ms; None where nothing was measured."""

    people: int
    talking: int
    seconds: float
    moves: float
    positions: float
    packets_sent: float
    packets: float
    loss: float | None
    first_media_p50: float | None
    first_media_max: float | None
    without_media: int
    ping_p50: float | None
    ping_p99: float | None
    gone: int
    refused: int
    media_moved: int
    media_lost: int
    media_back: int
    errors: dict[str, int]
    late_p99: float | None


def report(tally: Tally, people: int, talking: int, listening: int, seconds: float) -> Report:
    """Sum up. `listening` are those of `talking` who should have heard somebody."""
    span = max(seconds, 1e-9)
    due = tally.packets + tally.lost
    first = tally.first_media
    return Report(
        people=people,
        talking=talking,
        seconds=seconds,
        moves=tally.moves / span,
        positions=tally.positions / span,
        packets_sent=tally.sent / span,
        packets=tally.packets / span,
        loss=tally.lost / due if due else None,
        first_media_p50=_ms(percentile(first, 0.5)),
        first_media_max=_ms(max(first, default=None)),
        without_media=max(0, listening - len(first)),
        ping_p50=_ms(percentile(tally.pings, 0.5)),
        ping_p99=_ms(percentile(tally.pings, 0.99)),
        gone=tally.gone,
        refused=tally.refused,
        media_moved=tally.media_moved,
        media_lost=tally.media_lost,
        media_back=tally.media_back,
        errors=dict(tally.errors),
        late_p99=_ms(percentile(tally.late, 0.99)),
    )


def lines(found: Report) -> list[str]:
    """The report for people."""
    loss = "nothing came" if found.loss is None else f"{found.loss:.2%} lost"
    text = [
        f"people            {found.people:,}, {found.talking:,} of them talking, for {found.seconds:.1f} s",
        f"moves             {found.moves:,.0f} a second",
        f"positions         {found.positions:,.0f} a second delivered",
    ]
    if found.talking:
        text += [
            f"media             {found.packets_sent:,.0f} packets a second sent, "
            f"{found.packets:,.0f} received, {loss}",
            f"first media       {_said(found.first_media_p50)} (median), "
            f"{_said(found.first_media_max)} (longest)",
        ]
    text.append(f"ping              {_said(found.ping_p50)} (median), {_said(found.ping_p99)} (99 of 100)")
    if found.without_media:
        text.append(f"heard nobody      {found.without_media:,}")
    if found.media_moved:
        text.append(f"moved             {found.media_moved:,} to another media worker, talking on")
    if found.media_lost:
        text.append(f"lost media        {found.media_lost:,}; {found.media_back:,} came back by themselves")
    if found.gone:
        text.append(f"lost connection   {found.gone:,}")
    for code, count in sorted(found.errors.items()):
        text.append(f"refused           {count:,} × {code}")
    if found.late_p99 is not None and found.late_p99 > LATE_SECONDS * 1000:
        text.append(
            f"The tester itself ran {found.late_p99:.0f} ms late: it has too little CPU for so many people, "
            "and what it says of times is its own. Use fewer, or several machines."
        )
    return text


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000


def _said(ms: float | None) -> str:
    return "not measured" if ms is None else f"{ms:,.1f} ms"
