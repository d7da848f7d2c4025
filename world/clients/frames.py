"""What the world writes to sockets, as whole WebSocket frames that many clients can share.

A frame is made once for every distinct view and the same bytes go to all who have it; that is why the
WebSocket framing (RFC 6455 §5.2: a server's frames carry no mask) is done here, and not once per client.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Raw, Struct
from msgspec.json import Encoder

from signaling.codec import encode
from signaling.messages import Message
from world.space.interest import Delta
from world.space.player import Player

_FIN_TEXT = 0x81
_encoder = Encoder()


def text_frame(payload: bytes) -> bytes:
    """One unfragmented text frame."""
    size = len(payload)
    if size < 126:
        return bytes((_FIN_TEXT, size)) + payload
    if size < 1 << 16:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


def frame(message: Message) -> bytes:
    """A message as one frame."""
    return text_frame(encode(message))


class _Players(Struct, tag_field="type", tag="players", omit_defaults=True):
    """`messages.Players` with parts that are encoded already."""

    joined: list[Raw] = []
    moved: list[Raw] = []
    left: list[str] = []


class TickFrames:
    """Encodes one tick's deltas: each person once, each shared group and each distinct delta once.

    Groups and deltas are told apart by identity; they must live as long as this.
    """

    def __init__(self) -> None:
        self._moved: dict[Player, bytes] = {}
        self._groups: dict[int, bytes] = {}
        self._infos: dict[Player, Raw] = {}
        self._deltas: dict[int, bytes] = {}

    def players(self, delta: Delta, part: bytes = b"") -> bytes:
        """The `players` message of a delta as one frame. `part`: more elements of its array `moved`, always
        the same for one delta."""
        data = self._deltas.get(id(delta))
        if data is None:
            data = self._deltas[id(delta)] = self._players(delta, part)
        return data

    @staticmethod
    def steps(part: bytes) -> bytes:
        """The `players` message that says only this: elements of its array `moved`."""
        return text_frame(b'{"type":"players","moved":[%b]}' % part)

    def _players(self, delta: Delta, part: bytes) -> bytes:
        find = self._groups.get
        moved = [find(id(group)) or self._new_group(group) for group in delta.groups]
        if part:
            moved.append(part)
        if delta.moved:
            moved.append(self._group(delta.moved))
        if not (delta.joined or delta.left):
            # Most frames: put together, for every part of it is encoded already.
            return self.steps(b",".join(moved))
        left = [player.user_id for player in delta.left]
        if left and delta.joined:
            # Gone and back within one tick is: still here.
            here = {player.user_id for player in delta.joined}
            left = [user_id for user_id in left if user_id not in here]
        raws = [Raw(part) for part in moved]
        return text_frame(_encoder.encode(_Players(self._info_list(delta.joined), raws, left)))

    def _new_group(self, group: list[Player]) -> bytes:
        part = self._groups[id(group)] = self._group(group)
        return part

    def _group(self, players: list[Player]) -> bytes:
        """Several elements of the array `moved`, with the commas between them."""
        known = self._moved
        parts = []
        for player in players:
            part = known.get(player)
            if part is None:
                # As messages.Moved: an array.
                x, y = int(player.x * 100.0 + 0.5) / 100.0, int(player.y * 100.0 + 0.5) / 100.0
                part = known[player] = _encoder.encode((player.user_id, x, y, player.direction))
            parts.append(part)
        return b",".join(parts)

    def all_of(self, visible: Iterable[Player], left: list[str]) -> bytes:
        """Everybody in a view as `joined`: for a client that has missed ticks."""
        return text_frame(_encoder.encode(_Players(self._info_list(visible), [], left)))

    def _info_list(self, players: Iterable[Player]) -> list[Raw]:
        known = self._infos
        raws = []
        for player in players:
            raw = known.get(player)
            if raw is None:
                raw = known[player] = Raw(_encoder.encode(player.info()))
            raws.append(raw)
        return raws
