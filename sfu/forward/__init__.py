"""Forwarding planes behind one contract (`contract.py`): `python.py`, and `native.py` where it was built."""

from __future__ import annotations

from typing import Literal

from sfu.forward.contract import Forwarder, ForwarderEvents

Plane = Literal["auto", "native", "python"]


def open_forwarder(plane: Plane, events: ForwarderEvents, host: str, port: int) -> Forwarder:
    """A forwarder on UDP `host`:`port` (0: any free port); on the event loop's thread.

    `auto` takes the native plane where it was built.

    Raises:
        OSError: the address cannot be bound; the text says which and why.
        RuntimeError: `native` was asked for and is not built here.
    """
    from sfu.forward.native import available
    from sfu.forward.planes import planes

    factories = planes()
    name = next(iter(factories)) if plane == "auto" else plane
    if name not in factories:
        raise RuntimeError(f"the native forwarding plane is not built here: {available()}")
    try:
        return factories[name](events, host, port)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OSError(error.errno, f"cannot use UDP {host} port {port} for media: {reason}") from error
