"""Which forwarding planes this installation has, fastest first.

`native` needs the extension that is built at install time when there is a compiler; `python` is always
there. Both keep `contract.Forwarder` and pass the same suite.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from sfu.forward.contract import Forwarder, ForwarderEvents
from sfu.forward.native import NativeForwarder, available
from sfu.forward.python import PythonForwarder


class ForwarderFactory(Protocol):
    """Makes a forwarder on the running event loop; `clock` gives seconds that never go back.

    Raises OSError when the address cannot be bound.
    """

    def __call__(
        self, events: ForwarderEvents, host: str, port: int, *, clock: Callable[[], float] = ...
    ) -> Forwarder: ...


def planes() -> dict[str, ForwarderFactory]:
    """The planes that work here by name, fastest first."""
    found: dict[str, ForwarderFactory] = {}
    if available() is None:
        found["native"] = NativeForwarder
    found["python"] = PythonForwarder
    return found
