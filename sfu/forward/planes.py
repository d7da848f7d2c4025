"""Which forwarding planes this installation has, and opening one.

`native` needs the extension that is built at install time when there is a compiler; `python` is always
there. Both keep `contract.Forwarder` and pass the same suite.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from importlib import import_module
from typing import Literal, Protocol, cast

from sfu.forward.contract import Forwarder, ForwarderEvents
from sfu.forward.python import PythonForwarder

PlaneChoice = Literal["auto", "native", "python"]


class ForwarderFactory(Protocol):
    """Makes a forwarder on the running event loop. Raises OSError when the address cannot be bound."""

    def __call__(
        self, events: ForwarderEvents, host: str, port: int, *, clock: Callable[[], float] = ...
    ) -> Forwarder: ...


def planes() -> dict[str, ForwarderFactory]:
    """The planes that work here, fastest first."""
    found: dict[str, ForwarderFactory] = {}
    with contextlib.suppress(ImportError):  # not built: no compiler at install time
        found["native"] = cast(ForwarderFactory, import_module("sfu.forward.native").NativeForwarder)
    found["python"] = PythonForwarder
    return found


def open_forwarder(
    events: ForwarderEvents,
    host: str,
    port: int,
    plane: PlaneChoice = "auto",
    *,
    clock: Callable[[], float] = time.monotonic,
) -> Forwarder:
    """A forwarder bound to host and port (0: any). `auto` takes the fastest plane.

    Raises OSError when the address cannot be bound, RuntimeError when the wanted plane is not there.
    """
    available = planes()
    if plane == "auto":
        plane = cast(PlaneChoice, next(iter(available)))
    if plane not in available:
        raise RuntimeError(f"the {plane} forwarding plane is not installed; there is: {', '.join(available)}")
    return available[plane](events, host, port, clock=clock)
