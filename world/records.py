"""Plain records that pass between storage, rules and shells of the world. No ORM, no I/O."""

from __future__ import annotations

from dataclasses import dataclass, field

from signaling.messages import Bounds, MediaFlags, Presence, Role, Showing, ZoneType

# Who stands above whom: one acts on those below oneself only.
RANK: dict[Role, int] = {"owner": 3, "admin": 2, "moderator": 1, "member": 0, "guest": 0}
# Who looks after a place: mutes, removes, bans.
KEEPERS: frozenset[Role] = frozenset({"owner", "admin", "moderator"})


@dataclass(frozen=True, slots=True)
class ZoneRecord:
    """A zone as stored. `bounds` in map px."""

    id: str
    server_id: str
    name: str
    type: ZoneType
    bounds: Bounds
    meeting_id: str
    capacity: int | None = None
    locked: bool = False


@dataclass(frozen=True, slots=True)
class Spawn:
    """A spawn point, in map px."""

    name: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class ServerRecord:
    """A server with everything that its space needs. `region`: whose media workers it prefers, or none's."""

    id: str
    owner_id: str
    name: str
    map_name: str
    access: str
    zones: tuple[ZoneRecord, ...]
    spawns: tuple[Spawn, ...]
    region: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """A user's membership of one server with the last position there, if any (map px)."""

    user_id: str
    username: str
    display_name: str
    avatar: str
    role: Role
    x: float | None = None
    y: float | None = None


@dataclass(frozen=True, slots=True)
class Seat:
    """Who takes a seat in a space: made by the shell that authenticated them.

    `zone_id` is the room of a guest, of a meeting's member, or of a device: they start there, and
    guests and devices stay there. None for somebody who walks in from the dashboard.
    """

    user_id: str
    name: str
    avatar: str
    presence: Presence
    role: Role
    zone_id: str | None = None
    x: float | None = None
    y: float | None = None
    # Unix seconds at which the proof of identity (cookie, ticket) ends; None: never.
    expires_at: float | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What a gateway knows of a client that was seated before: enough to seat it again as it was."""

    session: str
    flags: MediaFlags
    watch: bool = True
    showing: Showing = field(default_factory=Showing)
    pinned: str | None = None
    # Whether it has set up media.
    media: bool = False
    # Whether it is in the echo booth: then `flags.mic` is off.
    booth: bool = False
