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
from world.interest import Delta
from world.player import Player

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
    """Encodes one tick's deltas: each person once, each distinct delta once."""

    def __init__(self) -> None:
        self._moved: dict[Player, Raw] = {}
        self._infos: dict[Player, Raw] = {}

    def players(self, delta: Delta) -> bytes:
        """The `players` message of a delta as one frame."""
        left = [player.user_id for player in delta.left]
        if left and delta.joined:
            # Gone and back within one tick is: still here.
            here = {player.user_id for player in delta.joined}
            left = [user_id for user_id in left if user_id not in here]
        message = _Players(self._info_list(delta.joined), self._moved_list(delta.moved), left)
        return text_frame(_encoder.encode(message))

    def all_of(self, visible: Iterable[Player], left: list[str]) -> bytes:
        """Everybody in a view as `joined`: for a client that has missed ticks."""
        return text_frame(_encoder.encode(_Players(self._info_list(visible), [], left)))

    def _moved_list(self, players: list[Player]) -> list[Raw]:
        known = self._moved
        raws = []
        for player in players:
            raw = known.get(player)
            if raw is None:
                # As messages.Moved: an array.
                fields = (player.user_id, round(player.x, 2), round(player.y, 2), player.direction)
                raw = known[player] = Raw(_encoder.encode(fields))
            raws.append(raw)
        return raws

    def _info_list(self, players: Iterable[Player]) -> list[Raw]:
        known = self._infos
        raws = []
        for player in players:
            raw = known.get(player)
            if raw is None:
                raw = known[player] = Raw(_encoder.encode(player.info()))
            raws.append(raw)
        return raws
