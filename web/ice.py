"""The STUN and TURN servers that clients are told, with credentials of their own that end."""

from __future__ import annotations

import time
from collections.abc import Callable

from signaling.messages import IceServer
from signaling.tickets import turn_credentials
from web.settings import Settings

# As long as the longest seat: a TURN allocation is refreshed with the credentials it was made with.
CREDENTIAL_SECONDS = 24 * 3600.0


def ice_servers(settings: Settings, now: Callable[[], float] = time.time) -> Callable[[str], list[IceServer]]:
    """(user id) → what goes into that client's RTCPeerConnection."""

    def for_user(user_id: str) -> list[IceServer]:
        servers = []
        if settings.stun_urls:
            servers.append(IceServer(list(settings.stun_urls)))
        if settings.turn_urls:
            username, credential = turn_credentials(settings.turn_secret, user_id, CREDENTIAL_SECONDS, now())
            servers.append(IceServer(list(settings.turn_urls), username, credential))
        return servers

    return for_user
