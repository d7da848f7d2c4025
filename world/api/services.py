"""What the HTTP API stands on: the stores, the tickets, the running world, the limits.

One `Services` is made by whoever composes the parts and put into the aiohttp application; handlers
take it from there. The world comes as `WorldPort`, so the API runs (and is tested) without one.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from typing import Literal, Protocol

from aiohttp import web

from signaling.control import Drain
from signaling.messages import IceServer, Role
from signaling.ratelimit import KeyedBuckets
from signaling.tickets import Tickets
from world.api.admin_shapes import OverviewView
from world.api.seats_seen import SeatsSeen
from world.chat.files import FileStore
from world.chat.store import ChatStore
from world.records import Seat
from world.storage.bans import BanStore
from world.storage.invites import InviteStore
from world.storage.map_library import MapLibrary
from world.storage.servers import ServerStore
from world.storage.sessions import SessionStore
from world.storage.users import UserStore
from world.storage.zones import ZoneStore


class OpenedDevice(Protocol):
    """A WHIP or WHEP session that stands: its resource id and our answer."""

    @property
    def resource(self) -> str:
        """Unguessable, URL-safe."""

    @property
    def sdp(self) -> str:
        """The SDP answer."""


class WorldPort(Protocol):
    """What the API asks of the running world (`world.nodes.node` is one)."""

    async def zones_changed(self, server_id: str) -> None:
        """The server or its zones were edited: read it again."""

    async def server_deleted(self, server_id: str) -> None:
        """The server is gone: everybody leaves."""

    async def remove_user(self, server_id: str, user_id: str, code: str, message: str) -> None:
        """End the user's presence there; no effect when there is none."""

    async def remove_guest(self, server_id: str, user_id: str) -> bool:
        """End a guest's presence and their ticket; False when there is no such guest there now."""

    async def look_changed(self, server_id: str, user_id: str, name: str, avatar: str) -> None:
        """Somebody has another name or avatar."""

    async def role_changed(self, server_id: str, user_id: str, role: Role) -> None:
        """A member was given another role."""

    async def open_device(
        self, seat: Seat, server_id: str, sdp: str, direction: Literal["publish", "play"]
    ) -> OpenedDevice:
        """Seat a WHIP publisher or WHEP player and answer its offer; `seat.user_id` is its owner's.

        Raises `world.running.devices.DeviceRefused`.
        """

    async def has_device(self, resource: str, user_id: str, server_id: str) -> bool:
        """Whether it is still there."""

    async def close_device(self, resource: str, user_id: str, server_id: str) -> bool:
        """End it; False when there is no such resource of this user."""

    async def end_devices(self, server_id: str, user_id: str) -> None:
        """End all devices of a user there."""

    def regions(self) -> list[str]:
        """The regions of the media workers that are alive, sorted."""

    async def online(self, server_id: str) -> int:
        """How many are there now."""

    async def people_in(self, server_id: str, zone_id: str) -> Collection[str]:
        """The ids of those who are in the zone now."""


@dataclass(slots=True)
class Limits:
    """How often one may. Rates are per second. Generous to a household or an office behind one
    address, narrow for somebody who tries passwords."""

    signup: KeyedBuckets = field(default_factory=lambda: KeyedBuckets(0.5, 100))
    login_address: KeyedBuckets = field(default_factory=lambda: KeyedBuckets(0.5, 60))
    login_username: KeyedBuckets = field(default_factory=lambda: KeyedBuckets(0.1, 10))
    meeting: KeyedBuckets = field(default_factory=lambda: KeyedBuckets(1.0, 60))
    create: KeyedBuckets = field(default_factory=lambda: KeyedBuckets(0.5, 60))
    device: KeyedBuckets = field(default_factory=lambda: KeyedBuckets(2.0, 60))
    chat_marks: KeyedBuckets = field(default_factory=lambda: KeyedBuckets(2.0, 60))
    upload: KeyedBuckets = field(default_factory=lambda: KeyedBuckets(0.2, 20))


@dataclass(slots=True)
class Services:
    """Everything that a handler may use."""

    users: UserStore
    sessions: SessionStore
    servers: ServerStore
    zones: ZoneStore
    invites: InviteStore
    bans: BanStore
    chat: ChatStore
    files: FileStore
    maps: MapLibrary
    tickets: Tickets
    world: WorldPort
    # Our own origins (`https://host`), when we are told: else the Host header's.
    public_url: str | None = None
    # Usernames of those who run the place; empty: whoever made the first account.
    admins: tuple[str, ...] = ()
    overview: Callable[[], Awaitable[OverviewView]] | None = None
    # Asks a media worker. Raises LookupError (none of this name) or TimeoutError (it does not answer).
    drain: Callable[[str, Drain], Awaitable[None]] | None = None
    trusted_proxies: tuple[str, ...] = ()
    ice_servers: Callable[[str], list[IceServer]] = lambda user_id: []
    limits: Limits = field(default_factory=Limits)
    seats: SeatsSeen = field(default_factory=SeatsSeen)
    # Files that are on their way in now, by who sends them.
    uploading: Counter[str] = field(default_factory=Counter)
    now: Callable[[], float] = time.time


SERVICES = web.AppKey("services", Services)


def services(request: web.Request) -> Services:
    """The services of the application that handles `request`."""
    return request.config_dict[SERVICES]
