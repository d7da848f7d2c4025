"""The WebSocket protocol after its handshake, as RFC 6455 has it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from world.clients.websocket import (
    BINARY,
    CLOSE,
    CONTINUATION,
    MAX_SPARE,
    NORMAL,
    PING,
    POLICY,
    PONG,
    PROTOCOL_ERROR,
    TEXT,
    TOO_BIG,
    Failed,
    Reader,
    accept,
    close_code,
    close_frame,
    control_frame,
    unmask,
)

MASK = b"\x37\xfa\x21\x3d"
MAX = 1000


def client_frame(opcode: int, payload: bytes = b"", fin: bool = True, mask: bytes = MASK) -> bytes:
    """A frame as a client sends it."""
    size = len(payload)
    if size < 126:
        head = bytes((opcode | 0x80 * fin, 0x80 | size))
    elif size < 1 << 16:
        head = bytes((opcode | 0x80 * fin, 0x80 | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((opcode | 0x80 * fin, 0x80 | 127)) + size.to_bytes(8, "big")
    return head + mask + unmask(mask, payload)


def read(reader: Reader, data: bytes) -> list[tuple[int, bytes]]:
    """Everything that can be read after these bytes."""
    reader.feed(data)
    events = []
    while (event := reader.next()) is not None:
        events.append(event)
    return events


def failure(data: bytes) -> int:
    """The code with which a connection that sends this is closed."""
    with pytest.raises(Failed) as failed:
        read(Reader(MAX), data)
    return failed.value.code


def test_the_key_of_the_rfc_gets_the_answer_of_the_rfc() -> None:  # §1.3
    assert accept("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


@pytest.mark.parametrize("key", ["", "short", "c2hvcnQ=", "x" * 24, "dGhlIHNhbXBsZSBub25jZQ== ", "ä"])
def test_what_is_no_key_gets_no_answer(key: str) -> None:
    assert accept(key) is None


def test_the_masked_hello_of_the_rfc_is_read() -> None:  # §5.7
    assert read(Reader(MAX), b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58") == [(TEXT, b"Hello")]


@given(st.binary(max_size=125), st.binary(min_size=4, max_size=4), st.sampled_from([TEXT, BINARY]))
def test_one_short_message_is_the_same_on_the_short_way_as_on_the_long(
    payload: bytes, mask: bytes, opcode: int
) -> None:
    data = client_frame(opcode, payload, mask=mask)
    assert Reader(MAX).whole(data) == payload
    assert read(Reader(MAX), data) == [(opcode, payload)]


@given(
    st.lists(
        st.tuples(st.sampled_from([TEXT, BINARY]), st.lists(st.binary(max_size=200), min_size=1, max_size=4)),
        max_size=5,
    ),
    st.lists(st.integers(1, 300), max_size=20),
    st.booleans(),
)
def test_messages_arrive_whole_however_they_are_cut_into_frames_and_reads(
    messages: list[tuple[int, list[bytes]]], cuts: list[int], pings: bool
) -> None:
    data, expected = b"", []
    for opcode, parts in messages:
        for i, part in enumerate(parts):
            data += client_frame(opcode if i == 0 else CONTINUATION, part, fin=i == len(parts) - 1)
            if pings and i < len(parts) - 1:
                data += client_frame(PING, b"in between")
                expected.append((PING, b"in between"))
        expected.append((opcode, b"".join(parts)))
    reader, events = Reader(MAX), []
    for cut in cuts:
        piece, data = data[:cut], data[cut:]
        events += read(reader, piece)
    events += read(reader, data)
    assert events == expected


@given(st.binary(max_size=400))
def test_any_bytes_are_messages_or_a_failure(data: bytes) -> None:
    reader = Reader(MAX)
    message = reader.whole(data)
    assert message is None or len(message) == len(data) - 6
    try:
        for _, payload in read(reader, data):
            assert len(payload) <= MAX
    except Failed as failed:
        assert failed.code in (PROTOCOL_ERROR, TOO_BIG)


def test_nothing_takes_the_short_way_while_something_is_begun() -> None:
    hello = client_frame(TEXT, b"hello")
    begun = Reader(MAX)
    assert read(begun, client_frame(TEXT, b"first ", fin=False)) == []
    assert begun.whole(hello) is None
    half = Reader(MAX)
    assert read(half, hello[:3]) == []
    assert half.whole(hello) is None
    assert half.whole(hello + hello) is None
    assert Reader(MAX).whole(hello[:-1]) is None


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x81\x05Hello", id="not masked"),
        pytest.param(client_frame(TEXT | 0x40, b"x"), id="a reserved bit"),
        pytest.param(client_frame(0x3, b"x"), id="an unknown kind of message"),
        pytest.param(client_frame(0xB, b"x"), id="an unknown control frame"),
        pytest.param(client_frame(PING, b"x", fin=False), id="a control frame in parts"),
        pytest.param(client_frame(PING, b"x" * 126), id="a long control frame"),
        pytest.param(client_frame(CONTINUATION, b"x"), id="the end of nothing"),
        pytest.param(
            client_frame(TEXT, b"x", fin=False) + client_frame(TEXT, b"y"), id="one message within another"
        ),
    ],
)
def test_what_the_protocol_forbids_closes_the_connection(data: bytes) -> None:
    assert failure(data) == PROTOCOL_ERROR


def test_a_message_over_the_limit_fails_before_it_is_there() -> None:
    assert failure(client_frame(TEXT, b"x" * (MAX + 1))[:14]) == TOO_BIG
    assert failure(b"\x81\xff" + b"\xff" * 8 + MASK) == TOO_BIG
    parts = client_frame(TEXT, b"x" * MAX, fin=False) + client_frame(CONTINUATION, b"y")
    assert failure(parts) == TOO_BIG
    assert read(Reader(MAX), client_frame(TEXT, b"x" * MAX)) == [(TEXT, b"x" * MAX)]


def test_a_close_is_answered_with_its_own_code() -> None:
    [(kind, payload)] = read(Reader(MAX), client_frame(CLOSE, b"\x0f\xa0bye"))
    assert kind == CLOSE
    assert close_code(payload) == 4000
    assert close_code(b"") == NORMAL
    assert close_frame(4000) == b"\x88\x02\x0f\xa0"
    assert control_frame(PONG, b"at") == b"\x8a\x02at"


@pytest.mark.parametrize("payload", [b"\x03", b"\x03\xed", b"\x00\x00", b"\x13\x88"])
def test_a_close_code_that_must_not_be_sent_is_a_failure(payload: bytes) -> None:
    with pytest.raises(Failed):
        close_code(payload)


@pytest.mark.parametrize(
    ("first", "more"),
    [
        (b"", client_frame(PING, b"x")),
        (b"", client_frame(PONG)),
        (client_frame(TEXT, fin=False), client_frame(CONTINUATION, fin=False)),
    ],
    ids=["pings", "pongs", "empty pieces"],
)
def test_a_flood_of_frames_that_say_nothing_is_cut_off(first: bytes, more: bytes) -> None:
    reader = Reader(MAX)
    few = first + more * (MAX_SPARE - bool(first))
    read(reader, few)
    with pytest.raises(Failed) as failed:
        read(reader, more)
    assert failed.value.code == POLICY
    rested = Reader(MAX)
    read(rested, few)
    rested.rested()
    read(rested, more)
