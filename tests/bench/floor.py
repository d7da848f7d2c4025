"""The C-only floor as something that `forward.py` can measure beside the planes: protect and sendmmsg.

`FloorPlane` takes the commands of a forwarder as far as they say who is sent to. What publishers send only
sets the pace, unread. It is compiled where it runs and protects with the native plane's cipher, so there is
no floor without a compiler, nor where that cipher cannot be had.
"""

from __future__ import annotations

import asyncio
import functools
import importlib.util
import random
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cffi import FFI, VerificationError

from sfu.forward.contract import (
    Address,
    ExtensionIds,
    ForwarderEvents,
    PlaneCounters,
    ProducerParams,
    SlotParams,
    SrtpProfile,
)
from sfu.forward.datagrams import open_socket
from sfu.forward.layout import Layout, layout_key
from sfu.forward.native_link import available, extension, pack_name
from sfu.forward.native_seal import Sealer
from sfu.forward.native_seal import available as cipher_available

SOURCE = Path(__file__).parent / "floor.c"
# Payload bytes and packets a burst: those of `forward.py`.
LOAD = {"audio": (120, 1), "video": (1100, 10)}
GSO_SEGMENTS = 32
# The commands of a load come within this of each other; then sending starts.
QUIET_SECONDS = 0.2


@functools.cache
def _compiled() -> Any:
    """The extension, built anew in a folder of its own. Raises VerificationError without a compiler."""
    text = SOURCE.read_text()
    builder = FFI()
    structs = text.partition("#define SOL_UDP 17")[2].partition("static struct mmsghdr")[0]
    builder.cdef(structs + "int floor_run(floor_source *sources, int count, volatile int *stop);")
    builder.set_source("_floor", text, extra_compile_args=["-O2"])
    folder = tempfile.mkdtemp(prefix="floor-")
    path = builder.compile(tmpdir=folder)
    spec = importlib.util.spec_from_file_location("_floor", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class FloorPlane:
    """Sends to every routed slot what its producer would make it send."""

    def __init__(self, events: ForwarderEvents, host: str, port: int, *, gso: int) -> None:
        module = _compiled()
        self._ffi, self._lib = module.ffi, module.lib
        self._gso = gso
        self._sock = open_socket(host, port)
        self._keys: dict[int, Sealer] = {}
        self._addresses: dict[int, bytes] = {}
        self._producers: dict[int, ProducerParams] = {}
        self._peers: dict[int, int] = {}  # of producers
        self._slots: dict[int, tuple[int, ExtensionIds]] = {}
        self._routes: dict[int, list[int]] = {}
        self._stop = self._ffi.new("int *", 0)
        self._thread: threading.Thread | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def address(self) -> Address:
        host, port = self._sock.getsockname()
        return host, port

    def add_peer(self, peer: int) -> None: ...

    def set_keys(self, peer: int, profile: SrtpProfile, receive: bytes, send: bytes) -> None:
        if profile != SrtpProfile.AEAD_AES_128_GCM:
            raise ValueError("the floor protects by AES-128-GCM only")
        self._keys[peer] = Sealer(send)

    def set_address(self, peer: int, address: Address) -> None:
        self._addresses[peer] = pack_name(self._sock, address)

    def add_producer(self, producer: int, peer: int, params: ProducerParams) -> None:
        self._producers[producer] = params
        self._peers[producer] = peer

    def add_slot(self, slot: int, peer: int, params: SlotParams) -> None:
        self._slots[slot] = (peer, params.extensions)

    def route(self, slot: int, producer: int) -> None:
        self._routes.setdefault(producer, []).append(slot)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(QUIET_SECONDS, self._start)

    def counters(self) -> PlaneCounters:
        return PlaneCounters(received=0, sent=0, sent_bytes=0, dropped={})

    def close(self) -> None:
        self._stop[0] = 1
        if self._thread is not None:
            self._thread.join()
        self._sock.close()

    def _start(self) -> None:
        ffi = self._ffi
        sources = ffi.new("floor_source[]", len(self._routes))
        self._owners: list[Any] = [sources]
        plane_ffi, plane_lib = extension()
        seal = int(plane_ffi.cast("uintptr_t", plane_ffi.addressof(plane_lib, "sealer_seal")))
        for source, (producer, slots) in zip(sources, self._routes.items(), strict=True):
            kind = self._producers[producer].kind
            payload, burst = LOAD[kind]
            listeners = ffi.new("floor_listener[]", len(slots))
            self._owners.append(listeners)
            ids = ExtensionIds()
            for listener, slot in zip(listeners, slots, strict=True):
                peer, ids = self._slots[slot]
                listener.sealer = int(plane_ffi.cast("uintptr_t", self._keys[peer].pointer))
                listener.name = self._addresses[peer]
                listener.index = random.randrange(1, 2**15)
            head = Layout(layout_key(ids, "")).head(5 if kind == "audio" else -1, -1)
            source.fd = self._sock.fileno()
            source.head, source.size = len(head), len(head) + payload
            source.burst, source.gso = burst, self._gso
            source.count, source.listeners = len(slots), listeners
            source.name = self._addresses[self._peers[producer]]
            source.seal = seal
        self._thread = threading.Thread(
            target=self._lib.floor_run, args=(sources, len(sources), self._stop), daemon=True
        )
        self._thread.start()


def floors() -> dict[str, Callable[[ForwarderEvents, str, int], FloorPlane]]:
    """The floors by name; none without a compiler or the cipher."""
    if available() or not cipher_available():
        return {}
    try:
        _compiled()
    except VerificationError:
        return {}
    return {
        "floor": functools.partial(FloorPlane, gso=1),
        "floor+gso": functools.partial(FloorPlane, gso=GSO_SEGMENTS),
    }
