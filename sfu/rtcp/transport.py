"""What RTCP needs of the way to a peer."""

from __future__ import annotations

from typing import Protocol


class RtcpTransport(Protocol):
    """The way to a peer: a browser's connection, or a pipe's end."""

    @property
    def peer(self) -> int:
        """The forwarder's handle."""

    @property
    def connected_at(self) -> float | None:
        """Since when there are keys."""

    def send_rtcp(self, data: bytes) -> bool:
        """Protect and send a compound packet; False when there is no way yet."""
