"""Batches of datagrams: both ways of moving them keep one contract."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sfu.forward import mmsg
from sfu.forward.contract import MAX_DATAGRAM
from sfu.forward.datagrams import RX_CELL, RX_CELLS, TX_STARTS, Datagrams
from sfu.forward.mmsg import MmsgDatagrams
from sfu.forward.plain import PlainDatagrams

KINDS: list[Callable[[str, int], Datagrams]] = [PlainDatagrams]
if mmsg.available():
    KINDS.append(MmsgDatagrams)
needs_mmsg = pytest.mark.skipif(not mmsg.available(), reason="this system has no sendmmsg")


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.fixture(params=KINDS)
def make(request: pytest.FixtureRequest) -> Iterator[Callable[..., Datagrams]]:
    made: list[Datagrams] = []

    def opened(host: str = "127.0.0.1") -> Datagrams:
        made.append(request.param(host, 0))
        return made[-1]

    yield opened
    for datagrams in made:
        datagrams.sock.close()


@pytest.fixture
def remote() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.setblocking(False)
        yield sock


def drained(sock: socket.socket) -> list[bytes]:
    found = []
    try:
        while True:
            found.append(sock.recv(9000))
    except BlockingIOError:
        return found


def fill(datagrams: Datagrams, cell: int, data: bytes) -> None:
    datagrams.tx[TX_STARTS[cell] : TX_STARTS[cell] + len(data)] = data


def test_a_batch_is_bounded_and_names_its_senders(
    make: Callable[..., Datagrams], remote: socket.socket
) -> None:
    datagrams = make()
    for i in range(RX_CELLS + 3):
        remote.sendto(b"%d" % i, datagrams.sock.getsockname())
    assert datagrams.receive(2) == 2
    assert datagrams.receive(RX_CELLS) == RX_CELLS
    for cell in range(RX_CELLS):
        at, length = cell * RX_CELL, datagrams.rx_lengths[cell]
        assert datagrams.rx[at : at + length] == b"%d" % (cell + 2)
        assert datagrams.source(cell) == remote.getsockname()
        assert datagrams.source_key(cell) == datagrams.remote(remote.getsockname()).key
    assert datagrams.receive(RX_CELLS) == 1
    assert datagrams.receive(RX_CELLS) == 0


def test_too_long_is_told_from_just_fitting(make: Callable[..., Datagrams], remote: socket.socket) -> None:
    datagrams = make()
    for size in (0, MAX_DATAGRAM, MAX_DATAGRAM + 1, 9000):
        remote.sendto(bytes(size), datagrams.sock.getsockname())
    assert datagrams.receive(4) == 4
    assert list(datagrams.rx_lengths[:4]) == [0, MAX_DATAGRAM, MAX_DATAGRAM + 1, MAX_DATAGRAM + 1]


def test_packets_for_several_remotes_lie_side_by_side(
    make: Callable[..., Datagrams], remote: socket.socket
) -> None:
    datagrams = make()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        other.setblocking(False)
        remotes = [datagrams.remote(sock.getsockname()) for sock in (remote, other)]
        for cell in range(8):
            fill(datagrams, cell, b"%d" % cell * 10)
        shape = [(0, [10, 10]), (2, [7])] if datagrams.segments > 1 else [(0, [10]), (1, [10]), (2, [7])]
        both = [known.handle for known in remotes]
        datagrams.enqueue(0, [10, 10, 7, 10, 10, 7, 10], [(both, 0, shape, 3), (both[1:], 6, [(0, [10])], 1)])
        datagrams.flush()
        assert drained(remote) == [b"0" * 10, b"1" * 10, b"2" * 7]
        assert drained(other) == [b"3" * 10, b"4" * 10, b"5" * 7, b"6" * 10]
        datagrams.flush()
        assert drained(other) == []
    assert (datagrams.no_room, datagrams.send_errors) == (0, 0)


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")
def test_an_ipv6_wildcard_serves_both_families(make: Callable[..., Datagrams], remote: socket.socket) -> None:
    datagrams = make("::")
    port = datagrams.sock.getsockname()[1]
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as six:
        six.bind(("::1", 0))
        six.setblocking(False)
        six.sendto(b"six", ("::1", port))
        remote.sendto(b"four", ("127.0.0.1", port))
        assert datagrams.receive(4) == 2
        addresses = [datagrams.source(cell) for cell in range(2)]
        assert addresses == [("::1", six.getsockname()[1]), remote.getsockname()]
        for cell, address in enumerate(addresses):
            known = datagrams.remote(address)
            assert known.key == datagrams.source_key(cell)
            fill(datagrams, cell, b"back")
            datagrams.enqueue(cell, [4], [([known.handle], cell, [(0, [4])], 1)])
        datagrams.flush()
        assert drained(six) == drained(remote) == [b"back"]


@pytest.mark.parametrize("address", [("not-a-host", 1), ("::1", 1), ("127.0.0.1", 70000)])
def test_an_address_of_another_kind_is_refused(
    make: Callable[..., Datagrams], address: tuple[str, int]
) -> None:
    with pytest.raises(ValueError, match="not an address of this socket"):
        make().remote(address)


class Refusing:
    """libc whose sendmmsg fails with these errors first."""

    def __init__(self, libc: Any, *errors: int) -> None:
        self.libc = libc
        self.errors = list(errors)

    def sendmmsg(self, *arguments: Any) -> int:
        if self.errors:
            mmsg.ffi.errno = self.errors.pop(0)
            return -1
        sent: int = self.libc.sendmmsg(*arguments)
        return sent


def queued(errors: list[int], remote: socket.socket, runs: list[Any]) -> MmsgDatagrams:
    datagrams = MmsgDatagrams("127.0.0.1", 0)
    for cell in range(4):
        fill(datagrams, cell, b"%d" % cell * 10)
    datagrams._libc = Refusing(datagrams._libc, *errors)
    handle = datagrams.remote(remote.getsockname()).handle
    datagrams.enqueue(0, [10] * 4, [([handle] * 2, 0, runs, 2)])
    datagrams.flush()
    datagrams.sock.close()
    return datagrams


@needs_mmsg
def test_refused_segmentation_is_off_for_good_and_loses_nothing(remote: socket.socket) -> None:
    datagrams = queued([errno.EINVAL], remote, [(0, [10, 10])])
    assert drained(remote) == [b"0" * 10, b"1" * 10, b"2" * 10, b"3" * 10]
    assert (datagrams.segments, datagrams.send_errors) == (1, 0)


@needs_mmsg
def test_a_full_socket_is_not_waited_for(remote: socket.socket) -> None:
    datagrams = queued([errno.EAGAIN], remote, [(0, [10]), (1, [10])])
    assert drained(remote) == []
    assert (datagrams.no_room, datagrams.unsent_bytes) == (4, 40)


@needs_mmsg
def test_one_unreachable_remote_costs_the_others_nothing(remote: socket.socket) -> None:
    datagrams = queued([errno.EHOSTUNREACH], remote, [(0, [10]), (1, [10])])
    assert sorted(drained(remote)) == [b"1" * 10, b"2" * 10, b"3" * 10]
    assert (datagrams.send_errors, datagrams.unsent_bytes) == (1, 10)
