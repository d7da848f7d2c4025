"""Media over TCP: frames, bounds, and the way between a connection and the forwarder's port."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest
import uvloop
from hypothesis import given
from hypothesis import strategies as st

from sfu.forward.contract import MAX_DATAGRAM
from sfu.transport import ice_tcp
from sfu.transport.ice_tcp import MIN_PACKET, Frames, TcpListener, counted_as, frame
from signaling.sdp_writer import Local, Writer


@given(st.lists(st.binary(min_size=MIN_PACKET, max_size=MAX_DATAGRAM), max_size=5), st.integers(1, 700))
def test_packets_come_out_as_they_went_in_however_the_stream_is_cut(packets: list[bytes], cut: int) -> None:
    stream = b"".join(map(frame, packets))
    frames, found = Frames(), []
    for at in range(0, len(stream), cut):
        found += frames.feed(stream[at : at + cut])
    assert found == packets


def test_a_frame_longer_than_any_datagram_ends_the_stream() -> None:
    with pytest.raises(ValueError, match="a frame of 2049 bytes"):
        Frames().feed((MAX_DATAGRAM + 1).to_bytes(2, "big"))
    assert Frames().feed(b"\0\0\0\0") == []


def test_frames_too_short_for_anything_end_the_stream() -> None:
    with pytest.raises(ValueError, match="a frame of 7 bytes"):
        Frames().feed(frame(bytes(MIN_PACKET - 1)))


def test_an_ipv6_network_counts_as_one_address() -> None:
    assert counted_as("2001:db8::1") == counted_as("2001:db8::ffff:1") != counted_as("2001:db8:0:1::1")
    assert counted_as("::ffff:192.0.2.1") == counted_as("192.0.2.1") == "192.0.2.1"
    assert counted_as("fe80::1%eth0") == "fe80::"


def test_tcp_candidates_are_passive_and_come_after_all_udp_ones() -> None:
    local = Local("u", "p", "AA", (("192.0.2.1", 4000), ("192.0.2.2", 4000)), 1, (("192.0.2.1", 4000),))
    writer = Writer(local, ["0"], False)
    writer.media("audio", "0", "UDP/TLS/RTP/SAVPF", [], "recvonly", "passive")
    found = [line.split() for line in writer.text().splitlines() if line.startswith("a=candidate")]
    assert [fields[2] for fields in found] == ["udp", "udp", "tcp"]
    assert found[2][4:] == [found[2][4], "4000", "typ", "host", "tcptype", "passive"]
    assert len({fields[0] for fields in found}) == 3
    assert int(found[2][3]) < min(int(fields[3]) for fields in found[:2])


class Port:
    """A forwarder's UDP port, and TCP before it."""

    def __init__(self) -> None:
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.setblocking(False)
        self.udp.bind(("127.0.0.1", 0))
        self.listener = TcpListener(self.udp.getsockname())
        self.port = 0

    async def start(self) -> Port:
        await self.listener.start("127.0.0.1", 0)
        assert self.listener._server is not None
        self.port = self.listener._server.sockets[0].getsockname()[1]
        return self

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def received(self) -> tuple[bytes, tuple[str, int]]:
        async with asyncio.timeout(5):
            while True:  # uvloop has no sock_recvfrom
                with contextlib.suppress(BlockingIOError):
                    return self.udp.recvfrom(4096)
                await asyncio.sleep(0.005)


@pytest.fixture
async def port() -> AsyncIterator[Port]:
    made = await Port().start()
    yield made
    await made.listener.close()
    made.udp.close()


async def closed(*writers: asyncio.StreamWriter) -> None:
    for writer in writers:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def eof(reader: asyncio.StreamReader) -> bool:
    async with asyncio.timeout(5):
        try:
            return await reader.read() == b""
        except ConnectionError:
            return True


async def is_a_remote_of_its_own(port: Port) -> None:
    (reader, writer), (_, other) = await port.connect(), await port.connect()
    writer.write(frame(b"the first") + frame(b"the second")[:3])
    data, source = await port.received()
    assert data == b"the first"
    other.write(frame(b"elsewhere"))
    data, elsewhere = await port.received()
    assert data == b"elsewhere"
    assert elsewhere != source
    port.udp.sendto(b"the answer", source)
    async with asyncio.timeout(5):
        assert await reader.readexactly(12) == frame(b"the answer")
    assert port.listener.connections == 2
    await closed(writer, other)
    async with asyncio.timeout(5):
        while port.listener.connections:
            await asyncio.sleep(0.01)


async def test_each_connection_is_a_remote_of_its_own_to_the_forwarder(port: Port) -> None:
    await is_a_remote_of_its_own(port)


def test_so_it_is_on_the_loop_that_the_program_runs_on() -> None:
    """uvloop's transports are none of asyncio's classes."""

    async def run() -> None:
        made = await Port().start()
        async with asyncio.timeout(20):
            await is_a_remote_of_its_own(made)
        await made.listener.close()
        made.udp.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())


async def test_who_sends_no_frames_is_closed_and_nobody_else(port: Port) -> None:
    (reader, writer), (_, good) = await port.connect(), await port.connect()
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    assert await eof(reader)
    good.write(frame(b"i am here"))
    assert (await port.received())[0] == b"i am here"
    assert port.listener.dropped["malformed"] == 1
    await closed(writer, good)


async def test_one_address_has_a_bounded_number_of_connections(
    port: Port, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ice_tcp, "MAX_PER_ADDRESS", 2)
    opened = [await port.connect() for _ in range(3)]
    assert await eof(opened[2][0])
    assert port.listener.connections == 2
    assert port.listener.dropped["full"] == 1
    await closed(*(writer for _, writer in opened))


async def test_a_connection_that_nobody_answers_is_closed(
    port: Port, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ice_tcp, "FIRST_SECONDS", -1.0)
    reader, writer = await port.connect()
    writer.write(frame(b"anybody?"))
    await port.received()
    port.listener._look()
    assert await eof(reader)
    await closed(writer)


async def test_a_stranger_who_goes_on_talking_does_not_keep_a_connection(port: Port) -> None:
    _, writer = await port.connect()
    writer.write(frame(b"anybody?"))
    await port.received()
    (bridge,) = port.listener._bridges
    later = bridge.used_at + ice_tcp.FIRST_SECONDS + 1
    bridge.used_at = later  # it has spoken just now
    assert bridge.expired(later)
    await closed(writer)


async def test_a_connection_passes_on_so_many_packets_a_second_and_no_more(
    port: Port, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ice_tcp, "PACKET_RATE", 1e-9)
    monkeypatch.setattr(ice_tcp, "PACKET_BURST", 3.0)
    _, writer = await port.connect()
    writer.write(frame(b"a flood!") * 10)
    for _ in range(3):
        assert (await port.received())[0] == b"a flood!"
    async with asyncio.timeout(5):
        while port.listener.dropped["too_many"] < 7:
            await asyncio.sleep(0.01)
    with pytest.raises(BlockingIOError):
        port.udp.recv(100)
    await closed(writer)


async def test_who_goes_on_sending_too_many_packets_is_closed(
    port: Port, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ice_tcp, "PACKET_RATE", 1e-9)
    monkeypatch.setattr(ice_tcp, "PACKET_BURST", 3.0)
    monkeypatch.setattr(ice_tcp, "MAX_EXCESS", 5)
    reader, writer = await port.connect()
    writer.write(frame(b"a flood!") * 20)
    assert await eof(reader)
    assert port.listener.connections == 0
    await closed(writer)


async def test_what_a_slow_client_does_not_take_is_lost_and_does_not_pile_up(port: Port) -> None:
    _, writer = await port.connect()  # and never read
    writer.write(frame(b"hello there"))
    _, source = await port.received()
    async with asyncio.timeout(20):
        while not port.listener.dropped["slow"]:
            for _ in range(20):
                try:
                    port.udp.sendto(bytes(1200), source)
                except BlockingIOError:
                    break
            await asyncio.sleep(0)
    (bridge,) = port.listener._bridges
    assert bridge._transport is not None
    assert bridge._transport.get_write_buffer_size() < ice_tcp.MAX_QUEUED + ice_tcp.BATCH * 1300
    writer.transport.abort()
    await closed(writer)
