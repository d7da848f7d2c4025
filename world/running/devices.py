"""Devices: WHIP publishers and WHEP players (RFC 9725 and its sister) as people who stand in a zone.

A device has a place in its zone like everybody; who hears it follows from there. It goes when it is
closed, when its connection ends, or when the one who let it in is removed.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Literal

from signaling.control import AcceptPlay, AcceptPublish, Answer, Command
from signaling.messages import MediaFlags
from signaling.tickets import new_session_id
from world.hearing.slots import Ears
from world.media.negotiation import Media, MediaError
from world.records import Seat
from world.running.live import LiveSpace
from world.space.player import Player

# Unless the operator says otherwise.
DEFAULT_PER_USER = 4
DEFAULT_PER_ZONE = 16

Direction = Literal["publish", "play"]

log = logging.getLogger("atrium.world")


class DeviceRefused(Exception):
    """The device was not let in. `code`: no_zone, too_many_devices, bad_sdp, no_media_worker, …"""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class DeviceOpened:
    """`resource` names the device in later requests; `sdp` is the answer."""

    resource: str
    sdp: str


@dataclass(frozen=True, slots=True)
class _Device:
    owner: str
    zone_id: str
    live: LiveSpace
    player: Player


class Devices:
    """All devices of this world process."""

    def __init__(
        self,
        media: Media,
        space: Callable[[str], Awaitable[LiveSpace | None]],
        left: Callable[[LiveSpace, Player], None],
        now: Callable[[], float],
        per_user: int = DEFAULT_PER_USER,
        per_zone: int = DEFAULT_PER_ZONE,
    ) -> None:
        self._media = media
        self._per_user = per_user
        self._per_zone = per_zone
        self._space = space
        self._left = left
        self._now = now
        self._devices: dict[str, _Device] = {}
        media.lost = self._lost

    async def open(self, seat: Seat, server_id: str, sdp: str, direction: Direction) -> DeviceOpened:
        """Seat a device and answer its offer. `seat.user_id` is the user whose ticket it came with.

        Raises:
            DeviceRefused: no such zone, too many devices, or the media worker refused.
        """
        live = await self._space(server_id)
        if live is None or seat.zone_id is None or seat.zone_id not in live.space.zones.zones:
            raise DeviceRefused("no_zone", "this zone does not exist")
        self._check_bounds(seat.user_id, seat.zone_id)
        resource = new_session_id()
        place = replace(seat, user_id=f"device-{resource}", presence="device")
        try:
            player = live.space.join(place, self._now())
        except LookupError as error:
            raise DeviceRefused("no_zone", str(error)) from error
        # What it sends is on; `sources` says what that is.
        player.flags = MediaFlags(direction == "publish", direction == "publish", direction == "publish")
        self._devices[resource] = _Device(seat.user_id, seat.zone_id, live, player)
        session = self._media.seat(live, player, new_session_id()).session
        live.wake()

        def command(router: str, events: str) -> Command:
            if direction == "publish":
                return AcceptPublish(session, router, events, sdp, {}, fixed=True)
            return AcceptPlay(session, router, events, sdp)

        try:
            answer = await self._media.open(live, player, command)
            if not isinstance(answer, Answer):
                raise MediaError("media_failed", "the media worker gave no answer")
        except MediaError as error:
            self._remove(resource)
            raise DeviceRefused(error.code, error.message) from error
        except BaseException:
            self._remove(resource)
            raise
        if direction == "play":
            self._media.receive(live, player, Ears(answer.audio, answer.video))
        live.flags_changed(player)
        return DeviceOpened(resource, answer.sdp)

    def has(self, resource: str, user_id: str) -> bool:
        """Whether there is a device of that name and it is this user's."""
        device = self._devices.get(resource)
        return device is not None and device.owner == user_id

    def close(self, resource: str, user_id: str) -> bool:
        """End a device. False when there is none of that name or it is somebody else's."""
        if not self.has(resource, user_id):
            return False
        self._remove(resource)
        return True

    def close_of(self, live: LiveSpace, owner: str | None = None) -> None:
        """End all devices of a space, or those of one owner in it."""
        for resource, device in list(self._devices.items()):
            if device.live is live and owner in (None, device.owner):
                self._remove(resource)

    def close_player(self, player: Player) -> bool:
        """End the device that this player is. False when it is none."""
        for resource, device in self._devices.items():
            if device.player is player:
                self._remove(resource)
                return True
        return False

    def forget(self, live: LiveSpace) -> None:
        """The space is another node's now, and so are its devices' connections."""
        for resource, device in list(self._devices.items()):
            if device.live is live:
                del self._devices[resource]

    def _check_bounds(self, owner: str, zone_id: str) -> None:
        if sum(device.owner == owner for device in self._devices.values()) >= self._per_user:
            raise DeviceRefused("too_many_devices", f"you have {self._per_user} devices; close one first")
        if sum(device.zone_id == zone_id for device in self._devices.values()) >= self._per_zone:
            raise DeviceRefused("too_many_devices", f"a zone has at most {self._per_zone} devices")

    def _lost(self, live: LiveSpace, player: Player) -> None:
        """The connection is over: a device does not offer again by itself."""
        if self.close_player(player):
            log.info("a device is gone with its connection, or with its worker: it has to be opened anew")

    def _remove(self, resource: str) -> None:
        device = self._devices.pop(resource, None)
        if device is not None:
            self._left(device.live, device.player)
