"""One person (or device) in a space, as the rules see them.

Mutable and owned by `world.space.space`: rules read it, only the space moves it. No client, no socket and no
clock is known here. Compared by identity, so that it can be a key in every index.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from signaling.messages import Direction, MediaFlags, PlayerInfo, Presence, Role, Showing, Source

Cell = tuple[int, int]
# The amplitude of ordinary speech at a microphone (-24 dBov): of those of whom nobody has said a level.
USUAL_LOUDNESS = 10 ** (-24 / 20)


class View(NamedTuple):
    """What decides what somebody sees, and by whom they are seen: a coarse cell and a private room."""

    cell: Cell
    room: str | None


@dataclass(eq=False, slots=True)
class Player:
    """`(x, y)` is the centre of the feet in map px. `room` is the private zone they are in, if any."""

    user_id: str
    name: str
    avatar: str
    presence: Presence
    role: Role
    x: float
    y: float
    direction: Direction = "down"
    zone_id: str | None = None
    room: str | None = None
    # In a silent zone: nobody hears or sees them there, and they nobody.
    silent: bool = False
    # The zone that a guest or device belongs to and never leaves; None for walkers.
    home: str | None = None
    # Movement: what the speed bound has saved up (px), and since when.
    allowance: float = 0.0
    allowance_at: float = 0.0
    last_seq: int = -1
    # The room at whose door they knocked and when, and the one into which they were let and until when.
    knocked: tuple[str, float] | None = None
    let_in: tuple[str, float] | None = None
    # Interest: where they are in the world of views, and where they were at the last tick.
    view: View | None = None
    view_before: View | None = None
    moved: bool = False
    # Small, and nobody else's in this space until a tick has told that they left: a place in packed arrays.
    number: int = -1
    # … and within what they keep their cell: left, top, right, bottom (px).
    kept_in: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    # Media, as the client says it; what the worker has seen of it is in `sources`.
    flags: MediaFlags = field(default_factory=MediaFlags)
    watch: bool = True
    showing: Showing = field(default_factory=Showing)
    # In the echo booth: `flags.mic` is off for everybody, and their own voice comes back to them.
    booth: bool = False
    sources: set[Source] = field(default_factory=set)
    pinned: str | None = None
    # The worker that carries their media; None without media.
    carrier: str | None = None
    # Whether that worker exchanges media with others.
    piped: bool = False
    # Whether they take part in hearing: connected, or a device.
    present: bool = True
    spoke_at: float = -1e9  # long ago
    # How loud they speak (or did when last heard): amplitude, 0..1.
    loudness: float = USUAL_LOUDNESS

    @property
    def walks(self) -> bool:
        """Guests and devices stand still."""
        return self.presence == "walker"

    def can_receive(self, other: Player) -> bool:
        """Whether the other's media can get to where this one's is."""
        if self.carrier is None or other.carrier is None:
            return False
        return self.carrier == other.carrier or (self.piped and other.piped)

    def info(self) -> PlayerInfo:
        """As others are told."""
        return PlayerInfo(
            user_id=self.user_id,
            name=self.name,
            avatar=self.avatar,
            presence=self.presence,
            x=round(self.x, 2),
            y=round(self.y, 2),
            direction=self.direction,
            zone_id=self.zone_id,
            media=self.flags,
            showing=self.showing,
        )

    def on_air(self) -> list[Source]:
        """The sources that they say are on and that the worker has really seen."""
        flags = self.flags
        on: list[Source] = []
        if flags.mic and "mic" in self.sources:
            on.append("mic")
        if flags.camera and "camera" in self.sources:
            on.append("camera")
        if flags.screen and "screen" in self.sources:
            on.append("screen")
        if flags.screen and "screen_audio" in self.sources:
            on.append("screen_audio")
        return on
