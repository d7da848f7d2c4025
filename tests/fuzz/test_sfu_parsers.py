"""Everything that a stranger's bytes reach first: they are refused in the one known way, or taken."""

from __future__ import annotations

import itertools

from hypothesis import example, given, settings
from hypothesis import strategies as st

from sfu.transport import stun
from sfu.transport.ice import IceResponder
from signaling import sdp
from signaling.negotiation import accept_slots, answer_play, answer_publish, offer_slots
from signaling.sdp import SdpError
from signaling.sdp_writer import Local
from tests.support import sdp_offers, stun_client

LOCAL = Local("srvu", "p" * 24, ":".join(["AB"] * 32), (("192.0.2.1", 40000),), 1)
OFFERS = (
    sdp_offers.chromium(),
    sdp_offers.chromium(simulcast=True, data=True),
    sdp_offers.firefox(),
    sdp_offers.obs(),
    sdp_offers.gstreamer(),
    sdp_offers.load_generator(pairs=2),
)
VALUES = st.sampled_from(
    [
        "",
        "0",
        "-1",
        "65536",
        "4294967296",
        "1e9",
        "٣",
        "a b c",
        "*",
        "99999999999999999999",
        ":",
        "\x00",
        "x" * 300,
    ]
)


def all_lines() -> list[str]:
    return sorted({line for offer in OFFERS for line in offer.replace("\r\n", "\n").split("\n") if line})


@st.composite
def broken_offers(draw: st.DrawFn) -> str:
    """A good offer with some lines dropped, doubled, moved, taken from elsewhere or filled with nonsense."""
    lines = draw(st.sampled_from(OFFERS)).replace("\r\n", "\n").split("\n")
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(lines) - 1))
        what = draw(st.sampled_from(["drop", "double", "move", "foreign", "value", "cut"]))
        if what == "drop" and len(lines) > 1:
            del lines[at]
        elif what == "double":
            lines.insert(at, lines[at])
        elif what == "move":
            lines.insert(draw(st.integers(0, len(lines) - 1)), lines.pop(at))
        elif what == "foreign":
            lines.insert(at, draw(st.sampled_from(all_lines())))
        elif what == "value":
            name, separator, _ = lines[at].partition(draw(st.sampled_from(["=", ":", " "])))
            lines[at] = name + separator + draw(VALUES)
        else:
            lines[at] = lines[at][: draw(st.integers(0, len(lines[at])))]
    return "\r\n".join(lines)


@given(broken_offers())
@settings(max_examples=300, deadline=None)
def test_a_broken_offer_is_refused_with_a_reason_or_answered_with_sdp_that_parses(offer: str) -> None:
    for publish in (True, False):
        try:
            if publish:
                text = answer_publish(offer, {}, LOCAL).sdp
            else:
                text = answer_play(offer, itertools.count(1).__next__, LOCAL).sdp
        except SdpError as error:
            assert error.reason
            continue
        answered = sdp.parse(text)
        assert len(answered.media) == len(sdp.parse(offer).media)
        assert set(answered.bundle) == {media.mid for media in answered.media if not media.rejected}


@given(broken_offers())
@settings(deadline=None)
def test_a_broken_answer_is_refused_with_a_reason(text: str) -> None:
    offer = offer_slots(1, 1, itertools.count(1).__next__, LOCAL)
    for answer in (text, text.replace("a=sendonly", "a=recvonly").replace("actpass", "active")):
        try:
            accept_slots(offer, answer)
        except SdpError as error:
            assert error.reason


@given(st.text(max_size=2000))
@settings(deadline=None)
@example("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=fmtp:0 ;;;=;=a")
@example("v=0\n" * 100)
def test_text_that_is_no_sdp_is_refused(text: str) -> None:
    for offer in (text, "v=0\r\n" + text):
        try:
            answer_publish(offer, {}, LOCAL)
        except SdpError as error:
            assert error.reason


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_bytes_that_are_no_stun_are_dropped(data: bytes) -> None:
    ice = IceResponder()
    ice.add(1, "ufrag", "p" * 24, 0.0)
    for datagram in (data, b"\x00\x01" + data, b"\x00\x01\x00\x00\x21\x12\xa4\x42" + data):
        outcome = ice.receive(datagram, ("192.0.2.1", 1), 1.0)
        assert outcome.event is None
        assert outcome.reply is None or len(outcome.reply) <= len(datagram)


@given(st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=40)), max_size=12), st.booleans())
@settings(deadline=None)
def test_any_signed_message_is_answered_or_refused(items: list[tuple[int, bytes]], signed: bool) -> None:
    """Whoever has the password may still write anything: IPv6 zones, empty values, doubled attributes."""
    ice = IceResponder()
    ice.add(1, "ufrag", "p" * 24, 0.0)
    attributes = [(stun.USERNAME, b"ufrag:x"), *items]
    data = stun.build(stun.BINDING_REQUEST, bytes(12), attributes, b"p" * 24 if signed else None)
    outcome = ice.receive(data, ("fe80::1%eth0", 1), 1.0)
    if outcome.reply is not None:
        assert stun.parse(outcome.reply) is not None
        assert signed or len(outcome.reply) <= len(data)


@given(st.data())
@settings(deadline=None)
def test_a_check_with_any_byte_changed_nominates_nobody(data: st.DataObject) -> None:
    good = bytearray(stun_client.check("ufrag", "p" * 24))
    at = data.draw(st.integers(0, len(good) - 1))
    good[at] ^= data.draw(st.integers(1, 255))
    ice = IceResponder()
    ice.add(1, "ufrag", "p" * 24, 0.0)
    assert ice.receive(bytes(good), ("192.0.2.1", 1), 1.0).event is None
