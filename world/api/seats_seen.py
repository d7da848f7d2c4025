"""Which login took whose seat last: so that logging out in one browser leaves the other one seated."""

from __future__ import annotations

from collections import OrderedDict

MAX_SEATS = 20_000


class SeatsSeen:
    """(server, user) → the login that was last seated there, as far as this node knows."""

    def __init__(self) -> None:
        self._seats: OrderedDict[tuple[str, str], str] = OrderedDict()

    def seated(self, server_id: str, user_id: str, login: str) -> None:
        """This login takes the seat (and ends what was there: one person is present once)."""
        self._seats[server_id, user_id] = login
        self._seats.move_to_end((server_id, user_id))
        if len(self._seats) > MAX_SEATS:
            self._seats.popitem(last=False)

    def ends_with(self, server_id: str, user_id: str, login: str) -> bool:
        """Whether ending this login ends the seat: not when we know that another login holds it."""
        return self._seats.get((server_id, user_id), login) == login
