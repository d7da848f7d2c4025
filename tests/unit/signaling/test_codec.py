"""What a client may send, and what it is told when it sends something else."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling import control
from signaling.codec import (
    BadMessage,
    decode_client,
    decode_command,
    decode_event,
    decode_reply,
    decode_server,
    encode,
    encode_control,
)
from signaling.messages import (
    MAX_FRAME_BYTES,
    AnyClientMessage,
    Moved,
    PlayerMove,
    Players,
    ZoneEntered,
    ZoneExited,
)


def refusal(data: bytes | str) -> BadMessage:
    with pytest.raises(BadMessage) as caught:
        decode_client(data)
    return caught.value


def test_a_move_survives_the_wire() -> None:
    move = PlayerMove(x=1.5, y=-2.0, direction="left", seq=7)
    assert decode_client(encode(move)) == move


@pytest.mark.parametrize(("old", "kind"), [("zone_entry", ZoneEntered), ("zone_exit", ZoneExited)])
def test_older_spellings_mean_the_same_message(old: str, kind: type[ZoneEntered]) -> None:
    assert decode_client(json.dumps({"type": old, "zone_id": "z"})) == kind(zone_id="z")


def test_a_tick_is_sent_in_the_compact_form() -> None:
    raw = encode(Players(moved=[Moved("u", 1.0, 2.0, "up")]))
    assert json.loads(raw) == {"type": "players", "moved": [["u", 1.0, 2.0, "up"]]}
    assert decode_server(raw) == Players(moved=[Moved("u", 1.0, 2.0, "up")])


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "bad_json"),
        (b"{", "bad_json"),
        (b"\xff\xfe", "bad_json"),
        (b"[" * 100_000, "bad_fields"),
        (b"[]", "bad_fields"),
        (b"{}", "bad_fields"),
        (b'{"type": 5}', "bad_fields"),
        (b'{"type": "fly"}', "unknown_type"),
        (b'{"type": "welcome"}', "unknown_type"),
        (b'{"type": "player_move", "x": NaN, "y": 0, "direction": "up", "seq": 1}', "bad_json"),
        (b'{"type": "player_move", "x": 1e999, "y": 0, "direction": "up", "seq": 1}', "bad_fields"),
        (b'{"type": "player_move", "x": 1e7, "y": 0, "direction": "up", "seq": 1}', "bad_fields"),
        (b'{"type": "player_move", "x": 0, "y": 0, "direction": "north", "seq": 1}', "bad_fields"),
        (b'{"type": "player_move", "x": 0, "y": 0, "direction": "up", "seq": -1}', "bad_fields"),
        (b'{"type": "zone_entry", "zone_id": 4}', "bad_fields"),
        (b'{"type": "chat", "text": "hello", "scope": "elsewhere"}', "bad_fields"),
        (b" " * (MAX_FRAME_BYTES + 1), "too_large"),
    ],
)
def test_bad_input_is_named(data: bytes, code: str) -> None:
    assert refusal(data).code == code


def test_a_refusal_says_which_message_it_was() -> None:
    assert refusal(b'{"type": "player_move", "seq": 12, "x": 0}').ref == 12
    assert refusal(b'{"type": "chat", "text": 1}').ref == "chat"


@given(st.binary(max_size=300))
def test_random_bytes_raise_nothing_else(data: bytes) -> None:
    try:
        decode_client(data)
    except BadMessage as error:
        assert error.message


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
        max_leaves=12,
    ),
    st.sampled_from([str(kind.__struct_config__.tag) for kind in AnyClientMessage.__args__] + ["zone_entry"]),
)
def test_random_objects_of_every_type_raise_nothing_else(body: object, tag: str) -> None:
    data = {"type": tag, "zone_id": body, "x": body, "sdp": body, "sources": body, "mic": body}
    try:
        decode_client(json.dumps(data))
    except BadMessage as error:
        assert error.code in ("bad_fields", "bad_json")


def test_commands_and_events_survive_the_wire() -> None:
    routes = control.ApplyRoutes(
        changes=(
            control.SetRoutes(
                session="a",
                epoch=3,
                router="s:public",
                routes=(
                    control.Route("audio", 0, "b", "mic"),
                    control.Route("video", 1, "b", "camera", False),
                ),
            ),
        )
    )
    assert decode_command(encode_control(routes)) == routes
    opened = control.ProducerOpened(session="a", source="mic")
    assert decode_event(encode_control(opened)) == opened
    with pytest.raises(msgspec.ValidationError):
        decode_command(encode_control(opened))


NO_PACKET_CARRIES = [
    {"ssrc": 1 << 32},
    {"ssrc": -1},
    {"rtx_ssrc": 1 << 32},
    {"payload_type": 128},
    {"rtx_payload_type": -1},
    {"clock_rate": 0},
    {"clock_rate": 1 << 32},
    {"layer": -1},
]


@pytest.mark.parametrize("wrong", NO_PACKET_CARRIES)
def test_what_a_worker_offers_over_a_pipe_is_what_packets_can_carry(wrong: dict[str, int]) -> None:
    stream = control.PipeStream("server:public", "session", "mic")
    good = control.PipeSource(stream, "opus", (1 << 32) - 1, 0, 111, 0, 48000)
    offers = control.PipeOffers("worker", "incarnation", 1, (good,))
    assert decode_reply(encode_control(offers)) == offers
    bad = msgspec.structs.replace(offers, sources=(msgspec.structs.replace(good, **wrong),))
    for decode in (decode_reply, decode_command):
        with pytest.raises(msgspec.DecodeError):
            decode(encode_control(bad))
