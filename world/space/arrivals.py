"""Who is on the way to a seat, and who must not take one: removals that meet an arrival half-way. Pure.

A connection is proved first and seated a few database calls later. Somebody who is removed in between
has no seat yet that could be taken from them; here it is remembered that they must not get it. And a
guest's ticket is valid for hours: one who was removed does not come back with it.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

# The oldest are forgotten first.
MAX_REMOVED_GUESTS = 10_000


class Arrivals:
    """The arrivals of one world process."""

    def __init__(self) -> None:
        # (server, user): how many of their connections are being seated.
        self._arriving: Counter[tuple[str, str]] = Counter()
        self._turned_away: set[tuple[str, str]] = set()
        self._removed_guests: OrderedDict[tuple[str, str], None] = OrderedDict()

    @contextmanager
    def arriving(self, server_id: str, user_id: str) -> Iterator[None]:
        """Around everything that is waited for before the seat is given."""
        key = server_id, user_id
        self._arriving[key] += 1
        try:
            yield
        finally:
            self._arriving[key] -= 1
            if not self._arriving[key]:
                del self._arriving[key]
                self._turned_away.discard(key)

    def removed(self, server_id: str, user_id: str) -> None:
        """This user was removed: their connections that are on the way get no seat."""
        if (server_id, user_id) in self._arriving:
            self._turned_away.add((server_id, user_id))

    def guest_removed(self, server_id: str, user_id: str) -> None:
        """This guest was removed, and with them their ticket."""
        self._removed_guests[server_id, user_id] = None
        if len(self._removed_guests) > MAX_REMOVED_GUESTS:
            self._removed_guests.popitem(last=False)

    def may_sit(self, server_id: str, user_id: str, presence: str) -> bool:
        """Whether the seat may be given. Ask before `arriving` ends."""
        key = server_id, user_id
        return key not in self._turned_away and (presence != "guest" or key not in self._removed_guests)
