"""Offer and answer with every client that we know of, and with SDP that nobody should write."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable

import aiortc.sdp
import pytest

from signaling import sdp
from signaling.codecs import VIDEO_PREFERENCE
from signaling.messages import MAX_SDP_CHARS
from signaling.negotiation import accept_slots, answer_play, answer_publish, offer_slots
from signaling.sdp import SdpError
from signaling.sdp_writer import Local
from tests.support import sdp_offers

LOCAL = Local(
    ufrag="srvufrag",
    password="srv-password-0123456789abcdef".replace("-", ""),
    fingerprint=":".join(["AB"] * 32),
    addresses=(("192.0.2.1", 40000), ("2001:db8::1", 40000)),
    origin=42,
)

DIALECTS = {
    "Chromium": sdp_offers.chromium(),
    "Chromium, bundle-only": sdp_offers.chromium(bundle_only=True),
    "Chromium, simulcast": sdp_offers.chromium(simulcast=True),
    "Chromium, data channel": sdp_offers.chromium(data=True),
    "Firefox": sdp_offers.firefox(),
    "OBS": sdp_offers.obs(),
    "GStreamer": sdp_offers.gstreamer(),
    "load generator": sdp_offers.load_generator(),
}


def ssrcs() -> Callable[[], int]:
    return itertools.count(70000).__next__


def lines(text: str, mid: str) -> list[str]:
    """The lines of the m-section with this MID."""
    sections = re.split(r"(?m)^(?=m=)", text.replace("\r\n", "\n"))
    return next(part.split("\n") for part in sections if f"\na=mid:{mid}\n" in part)


# --- publish ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("offer", DIALECTS.values(), ids=DIALECTS.keys())
def test_every_dialect_gets_an_answer_that_receives_a_mic_and_a_camera(offer: str) -> None:
    publication = answer_publish(offer, {}, LOCAL)
    assert {track.source for track in publication.tracks} == {"mic", "camera"}
    for track in publication.tracks:
        section = lines(publication.sdp, track.mid)
        assert {"a=recvonly", "a=setup:passive", "a=rtcp-mux"} <= set(section)
        assert f"a=ice-ufrag:{LOCAL.ufrag}" in section
        assert "a=candidate:1 1 udp 2130706431 192.0.2.1 40000 typ host" in section
        assert "a=candidate:2 1 udp 2130706175 2001:db8::1 40000 typ host" in section
        assert "a=end-of-candidates" in section
    assert "a=ice-lite" in publication.sdp.split("m=")[0]
    assert publication.remote.ufrag == sdp_offers.UFRAG
    assert publication.remote.fingerprints == (("sha-256", sdp_offers.FINGERPRINT),)


@pytest.mark.parametrize("offer", DIALECTS.values(), ids=DIALECTS.keys())
def test_an_answer_has_the_offers_m_lines_in_its_order(offer: str) -> None:
    """RFC 3264 §6. Read back by another parser than ours, too."""
    answer = answer_publish(offer, {}, LOCAL).sdp
    offered, answered = sdp.parse(offer), sdp.parse(answer)
    assert [media.mid for media in answered.media] == [media.mid for media in offered.media]
    assert [media.kind for media in answered.media] == [media.kind for media in offered.media]
    assert len(aiortc.sdp.SessionDescription.parse(answer).media) == len(offered.media)


@pytest.mark.parametrize("offer", DIALECTS.values(), ids=DIALECTS.keys())
def test_an_answer_claims_nothing_that_was_not_offered(offer: str) -> None:
    offered, answered = sdp.parse(offer), sdp.parse(answer_publish(offer, {}, LOCAL).sdp)
    for ours, theirs in zip(answered.media, offered.media, strict=True):
        if ours.rejected:
            continue
        assert ours.formats.keys() <= theirs.formats.keys()
        assert ours.extensions.items() <= theirs.extensions.items()
        assert not ours.rtcp_rsize or theirs.rtcp_rsize
        for number, form in ours.formats.items():
            assert set(form.feedback) <= set(theirs.formats[number].feedback)
            assert form.name.lower() == theirs.formats[number].name.lower()


def test_a_publisher_may_send_every_codec_that_both_know_and_begins_with_the_preferred_one() -> None:
    publication = answer_publish(sdp_offers.chromium(), {}, LOCAL)
    mic, camera = publication.tracks
    assert [(codec.name, codec.payload_type, codec.rtx_payload_type) for codec in mic.codecs] == [
        ("opus", 111, 0)
    ]
    assert [(codec.name, codec.payload_type, codec.rtx_payload_type) for codec in camera.codecs] == [
        ("VP8", 96, 97),
        ("H264", 106, 107),
        ("VP9", 100, 101),
        ("AV1", 45, 46),
    ]
    assert re.search(r"m=video \d+ \S+ 96 97 106 107 100 101 45 46\r\n", publication.sdp)


def test_the_order_of_the_codecs_is_the_installations_and_what_it_does_not_name_is_not_taken() -> None:
    tracks = answer_publish(sdp_offers.chromium(), {}, LOCAL, ("VP9", "VP8")).tracks
    assert [codec.name for codec in tracks[1].codecs] == ["VP9", "VP8"]
    offer = offer_slots(1, 1, ssrcs(), LOCAL, ("VP9", "VP8"))
    assert re.search(r"m=video \d+ \S+ 98 99 96 97\r\n", offer.sdp)
    asked = sdp_offers.chromium().replace("a=sendonly", "a=recvonly")
    player = answer_play(asked, ssrcs(), LOCAL, ("VP9", "VP8"))
    assert [codec.name for codec in player.slots[1].codecs] == ["VP9", "VP8"]


def test_who_cannot_be_told_to_change_gets_one_codec() -> None:
    publication = answer_publish(sdp_offers.chromium(), {}, LOCAL, fixed=True)
    assert [codec.name for codec in publication.tracks[1].codecs] == ["VP8"]
    assert re.search(r"m=video \d+ \S+ 96 97\r\n", publication.sdp)


def test_a_profile_that_many_cannot_decode_is_taken_only_where_there_is_nothing_else() -> None:
    high = sdp_offers.chromium().replace("profile-level-id=42e01f", "profile-level-id=640c1f")
    assert "H264" not in [c.name for c in answer_publish(high, {}, LOCAL).tracks[1].codecs]
    for name in ("VP8", "VP9", "AV1"):
        high = high.replace(f" {name}/90000", f" no{name}/90000")
    assert [c.name for c in answer_publish(high, {}, LOCAL).tracks[1].codecs] == ["H264"]


def test_feedback_is_asked_for_that_all_codecs_of_a_track_have() -> None:
    offer = sdp_offers.chromium().replace("a=rtcp-fb:100 nack pli\r\n", "")
    camera = answer_publish(offer, {}, LOCAL).tracks[1]
    assert "nack pli" in camera.codec.feedback
    assert "nack pli" not in camera.feedback


def test_redundant_audio_is_taken_behind_opus_so_that_nobody_sends_it_unasked() -> None:
    published = answer_publish(sdp_offers.chromium(), {}, LOCAL)
    assert [track.codec.red_payload_type for track in published.tracks] == [63, 0]
    section = lines(published.sdp, "0")
    assert section[0].split()[3:] == ["111", "63"]
    assert {"a=rtpmap:63 red/48000/2", "a=fmtp:63 111/111"} <= set(section)


@pytest.mark.parametrize(
    ("line", "other"),
    [
        ("a=fmtp:63 111/111", "a=fmtp:63 111/9"),  # of opus and something else
        ("a=fmtp:63 111/111\r\n", ""),
        ("red/48000/2", "red/8000"),
    ],
)
def test_redundant_audio_of_another_form_is_not_taken(line: str, other: str) -> None:
    offer = sdp_offers.chromium()
    assert line in offer
    published = answer_publish(offer.replace(line, other), {}, LOCAL)
    assert published.tracks[0].codec.red_payload_type == 0
    assert "red/" not in published.sdp


def test_ssrcs_are_taken_from_the_offer_where_it_names_them() -> None:
    for offer, expected in (
        (sdp_offers.chromium(), [(1001, 0), (2001, 2002)]),
        (sdp_offers.firefox(), [(3001, 0), (3002, 3003)]),
        (sdp_offers.load_generator(), [(6001, 0), (6002, 0)]),
    ):
        assert [(t.ssrc, t.rtx_ssrc) for t in answer_publish(offer, {}, LOCAL).tracks] == expected


def test_simulcast_is_taken_and_its_ssrcs_are_left_to_mid_and_rid() -> None:
    publication = answer_publish(sdp_offers.chromium(simulcast=True), {}, LOCAL)
    mic, camera = publication.tracks
    assert (camera.ssrc, camera.rtx_ssrc) == (0, 0)
    assert {"mid", "rid", "repaired_rid"} <= camera.extensions.keys()
    assert (mic.rids, camera.rids) == ((), ("q", "h", "f"))
    _, _, section = publication.sdp.split("m=")
    wanted = "a=rid:q recv\r\na=rid:h recv\r\na=rid:f recv\r\na=simulcast:recv q;h;f\r\n"
    assert section.endswith(wanted)


@pytest.mark.parametrize(
    ("listed", "rids"),
    [
        ("send f;h;q", ("q", "h", "f")),
        ("send h;f", ("h", "f")),
        ("send 0;1;2", ("0", "1", "2")),
        ("send q;h;f;0", ("q", "h", "f")),
        ("send ~q;h,f", ("q", "h")),
        ("recv q send h;f", ("h", "f")),
        ("recv q", ()),
    ],
)
def test_the_layers_that_are_sent_are_named_lowest_first(listed: str, rids: tuple[str, ...]) -> None:
    described = "".join(f"a=rid:{rid} send\r\n" for rid in "012")
    offer = sdp_offers.chromium(simulcast=True)
    offer = offer.replace("a=simulcast:send q;h;f", f"{described}a=simulcast:{listed}")
    assert answer_publish(offer, {}, LOCAL).tracks[1].rids == rids


@pytest.mark.parametrize("listed", ["q;h;f", "send", "send q;;f", "send q;q", "send q;x", "sideways q"])
def test_a_simulcast_line_that_cannot_be_is_refused(listed: str) -> None:
    offer = sdp_offers.chromium(simulcast=True).replace("send q;h;f", listed)
    with pytest.raises(SdpError, match="simulcast"):
        answer_publish(offer, {}, LOCAL)


@pytest.mark.parametrize("missing", ["sdes:mid", "sdes:rtp-stream-id"])
def test_without_the_ids_that_tell_layers_apart_one_stream_is_taken(missing: str) -> None:
    lines = sdp_offers.chromium(simulcast=True).split("\r\n")
    offer = "\r\n".join(line for line in lines if not line.endswith(missing))
    publication = answer_publish(offer, {}, LOCAL)
    assert publication.tracks[1].rids == ()
    assert "simulcast" not in publication.sdp


def test_constrained_baseline_h264_is_preferred_to_high_and_packetization_mode_0_is_refused() -> None:
    offer = sdp_offers.chromium().replace("VP8/90000", "VP8X/90000")
    camera = answer_publish(offer, {}, LOCAL).tracks[1]
    assert (camera.codec.name, camera.codec.payload_type, camera.codec.rtx_payload_type) == ("H264", 106, 107)
    assert "42e01f" in camera.codec.fmtp


@pytest.mark.parametrize("first", VIDEO_PREFERENCE)
def test_each_video_codec_is_taken_when_the_better_ones_are_missing(first: str) -> None:
    offer = sdp_offers.chromium()
    for name in VIDEO_PREFERENCE[: VIDEO_PREFERENCE.index(first)]:
        offer = offer.replace(f" {name}/90000", f" no{name}/90000")
    assert answer_publish(offer, {}, LOCAL).tracks[1].codec.name == first


def test_a_data_channel_is_refused_and_stays_out_of_the_bundle() -> None:
    answer = answer_publish(sdp_offers.chromium(data=True), {}, LOCAL).sdp
    assert "m=application 0 UDP/DTLS/SCTP webrtc-datachannel" in answer
    assert "a=group:BUNDLE 0 1\r\n" in answer


def test_sources_are_named_by_the_client_or_told_apart_by_kind_and_order() -> None:
    offer = sdp_offers.load_generator(pairs=2)
    by_order = answer_publish(offer, {}, LOCAL).tracks
    assert [track.source for track in by_order] == ["mic", "camera", "screen_audio", "screen"]
    named = answer_publish(offer, {"0": "screen_audio", "1": "screen"}, LOCAL).tracks
    assert [track.source for track in named] == ["screen_audio", "screen", "mic", "camera"]


def test_a_source_too_many_is_refused_not_renamed() -> None:
    publication = answer_publish(sdp_offers.load_generator(pairs=3), {}, LOCAL)
    assert len(publication.tracks) == 4
    assert "m=audio 0 " in publication.sdp
    assert "m=video 0 " in publication.sdp


def test_a_source_of_the_wrong_kind_and_one_named_twice_are_errors() -> None:
    with pytest.raises(SdpError, match="cannot carry mic"):
        answer_publish(sdp_offers.chromium(), {"1": "mic"}, LOCAL)
    with pytest.raises(SdpError, match="two m-lines carry camera"):
        answer_publish(sdp_offers.load_generator(pairs=2), {"1": "camera", "3": "camera"}, LOCAL)


def test_m_lines_that_do_not_send_are_refused() -> None:
    offer = sdp_offers.chromium().replace("a=sendonly", "a=inactive", 1)
    publication = answer_publish(offer, {}, LOCAL)
    assert [track.source for track in publication.tracks] == ["camera"]
    assert "a=group:BUNDLE 1\r\n" in publication.sdp


def test_without_a_bundle_only_the_first_m_line_has_a_transport() -> None:
    offer = sdp_offers.chromium().replace("a=group:BUNDLE 0 1\r\n", "")
    publication = answer_publish(offer, {}, LOCAL)
    assert [track.mid for track in publication.tracks] == ["0"]
    assert "m=video 0 " in publication.sdp


# --- subscribe: our offer --------------------------------------------------------------------------


def test_a_pool_has_its_mids_ssrcs_and_streams_slot_by_slot() -> None:
    offer = offer_slots(2, 2, ssrcs(), LOCAL)
    assert [slot.mid for slot in offer.slots] == ["a0", "a1", "v0", "v1"]
    assert len({number for slot in offer.slots for number in (slot.ssrc, slot.rtx_ssrc) if number}) == 6
    for slot in offer.slots:
        section = lines(offer.sdp, slot.mid)
        assert {"a=sendonly", "a=setup:actpass", "a=rtcp-mux", "a=rtcp-rsize"} <= set(section)
        assert f"a=msid:slot{slot.index} {slot.kind}{slot.index}" in section
        assert f"a=ssrc:{slot.ssrc} cname:slot{slot.index}" in section
        assert (f"a=ssrc-group:FID {slot.ssrc} {slot.rtx_ssrc}" in section) == (slot.kind == "video")
    assert "a=rtcp-fb:111 nack\r\n" in offer.sdp
    assert "a=group:BUNDLE a0 a1 v0 v1\r\n" in offer.sdp


def test_twelve_and_twelve_slots_fit_a_frame_of_the_websocket() -> None:
    assert len(offer_slots(12, 12, ssrcs(), LOCAL).sdp) < MAX_SDP_CHARS / 3


@pytest.mark.parametrize(("audio", "video"), [(0, 0), (-1, 3), (100, 100)])
def test_a_pool_that_cannot_be_is_an_error(audio: int, video: int) -> None:
    with pytest.raises(ValueError, match="a pool has"):
        offer_slots(audio, video, ssrcs(), LOCAL)


def test_the_answer_decides_what_each_slot_can_carry() -> None:
    offer = offer_slots(1, 2, ssrcs(), LOCAL)
    subscription = accept_slots(offer, sdp_offers.answer_to(offer.sdp, ("opus", "VP8", "H264", "rtx")))
    assert [slot.mid for slot in subscription.slots] == ["a0", "v0", "v1"]
    assert [codec.name for codec in subscription.slots[1].codecs] == ["VP8", "H264"]
    assert subscription.slots[1].codecs[0].rtx_payload_type == 97
    assert subscription.slots[0].ssrc == offer.slots[0].ssrc
    assert subscription.slots[0].extensions == {"mid": 1, "audio_level": 2, "transport_cc": 4}


def test_who_takes_redundant_audio_says_so_in_the_answer() -> None:
    offer = offer_slots(1, 1, ssrcs(), LOCAL)
    assert "a=fmtp:63 111/111" in lines(offer.sdp, "a0")
    for names, expected in ((("opus", "red", "VP8"), 63), (("opus", "VP8"), 0)):
        slots = accept_slots(offer, sdp_offers.answer_to(offer.sdp, names)).slots
        assert [codec.red_payload_type for slot in slots for codec in slot.codecs] == [expected, 0]


def test_packets_are_numbered_only_for_a_client_that_answers_the_numbers() -> None:
    offer = offer_slots(1, 1, ssrcs(), LOCAL)
    answer = sdp_offers.answer_to(offer.sdp)
    silent = "\r\n".join(line for line in answer.split("\r\n") if "transport-cc" not in line)
    for slot in accept_slots(offer, silent).slots:
        assert "transport_cc" not in slot.extensions
    for slot in accept_slots(offer, answer).slots:
        assert slot.extensions["transport_cc"] == 4
        assert "transport-cc" in slot.codecs[0].feedback
    published = answer_publish(sdp_offers.chromium(), {}, LOCAL)
    assert all(track.extensions["transport_cc"] == 3 for track in published.tracks)
    assert published.sdp.count("transport-cc\r\n") == 5  # of each codec


def test_a_slot_that_the_client_rejects_is_left_out() -> None:
    offer = offer_slots(2, 1, ssrcs(), LOCAL)
    slots = accept_slots(offer, sdp_offers.answer_to(offer.sdp, reject=("a0", "v0"))).slots
    assert [(slot.mid, slot.index) for slot in slots] == [("a1", 1)]


def test_an_answer_that_does_not_fit_the_offer_is_an_error() -> None:
    offer = offer_slots(1, 1, ssrcs(), LOCAL)
    answer = sdp_offers.answer_to(offer.sdp)
    with pytest.raises(SdpError, match="2 m-lines, the answer 3"):
        accept_slots(offer, sdp_offers.answer_to(offer_slots(2, 1, ssrcs(), LOCAL).sdp))
    with pytest.raises(SdpError, match="m-line of slot a0 is audio zz"):
        accept_slots(offer, answer.replace("a=mid:a0", "a=mid:zz"))
    with pytest.raises(SdpError, match="none of the slots"):
        accept_slots(offer, sdp_offers.answer_to(offer.sdp, reject=("a0", "v0")))
    with pytest.raises(SdpError, match="DTLS server"):
        accept_slots(offer, answer.replace("a=setup:active", "a=setup:passive"))


# --- subscribe: a player's offer -------------------------------------------------------------------


def test_a_player_gets_a_slot_for_each_of_its_m_lines_with_its_own_payload_types() -> None:
    offer = sdp_offers.chromium().replace("a=sendonly", "a=recvonly")
    subscription = answer_play(offer, ssrcs(), LOCAL)
    assert [(slot.kind, slot.index, slot.mid) for slot in subscription.slots] == [
        ("audio", 0, "0"),
        ("video", 0, "1"),
    ]
    assert {codec.name: codec.payload_type for codec in subscription.slots[1].codecs} == {
        "VP8": 96,
        "H264": 106,
        "VP9": 100,
        "AV1": 45,
    }
    video = subscription.slots[1]
    section = lines(subscription.sdp, "1")
    assert {"a=sendonly", "a=setup:passive", f"a=ssrc-group:FID {video.ssrc} {video.rtx_ssrc}"} <= set(
        section
    )


def test_the_load_generators_player_gets_its_pairs_in_order() -> None:
    subscription = answer_play(sdp_offers.load_generator("recvonly", pairs=10), ssrcs(), LOCAL)
    assert [(slot.kind, slot.index) for slot in subscription.slots] == [
        (kind, index) for index in range(10) for kind in ("audio", "video")
    ]
    assert all(slot.rtx_ssrc == 0 for slot in subscription.slots)


def test_a_player_that_receives_nothing_is_refused() -> None:
    with pytest.raises(SdpError, match="receives nothing"):
        answer_play(sdp_offers.load_generator("sendonly"), ssrcs(), LOCAL)


# --- what nobody should write ----------------------------------------------------------------------

GOOD = sdp_offers.chromium()


@pytest.mark.parametrize(
    ("offer", "reason"),
    [
        ("", "begins with v=0"),
        ("hello", "begins with v=0"),
        ("v=0\r\n", "no m-line"),
        ("v=0\r\nm=audio\r\n", "m=kind port"),
        ("v=0\r\nm=audio 99999 UDP/TLS/RTP/SAVPF 111\r\n", "a port is a number"),
        ("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 300\r\n", "a payload type is a number"),
        ("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF ١١١\r\n", "a payload type is a number"),
        ("v=0\r\nx\r\n", "letter=value"),
        (GOOD + "a=rtpmap:96\r\n", "a=rtpmap has the form"),
        (GOOD + "a=rtpmap:96 VP8/fast\r\n", "a clock rate"),
        (GOOD + "a=ssrc:-5 cname:x\r\n", "an SSRC is a number"),
        (GOOD + "a=extmap:x urn:y\r\n", "an extension id"),
        (GOOD + "a=fingerprint:sha-256 nonsense\r\n", "a=fingerprint has the form"),
        (GOOD + "a=mid:" + "x" * 40 + "\r\n", "a MID is a token"),
        (GOOD + "a=setup:maybe\r\n", "a=setup is"),
        (GOOD + "a=rid:one\r\n", "a=rid has the form"),
        (GOOD + "a=mid:0\r\n", "two m-lines have the MID 0"),
        (GOOD.replace(f"a=ice-ufrag:{sdp_offers.UFRAG}\r\n", ""), "a=ice-ufrag is missing"),
        (GOOD.replace(f"a=ice-pwd:{sdp_offers.PASSWORD}\r\n", ""), "a=ice-pwd is missing"),
        (GOOD.replace("a=ice-ufrag:cUfR", "a=ice-ufrag:c"), "ICE ufrag has 4 to 256"),
        (GOOD.replace("sha-256", "sha-1"), "sha-256, sha-384 or sha-512 is missing"),
        (GOOD.replace("a=rtcp-mux\r\n", ""), "no a=rtcp-mux"),
        (GOOD.replace("a=setup:actpass", "a=setup:passive"), "we are the DTLS server"),
        (GOOD.replace("t=0 0", "t=0 0\r\na=ice-lite"), "both sides are ICE-lite"),
        (GOOD.replace("opus", "speex").replace("90000", "8000"), "nothing that we can receive"),
        (GOOD + "a=x:" + "y" * 5000, "a line has at most"),
        (GOOD + "a=x\r\n" * 9000, "at most 8192 lines"),
        (GOOD + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n" * 200, "at most 128 m-lines"),
        (GOOD + "".join(f"a=ssrc:{n} cname:x\r\n" for n in range(99)), "at most 64 SSRCs"),
        (GOOD + "".join(f"a=extmap:{n} urn:{n}\r\n" for n in range(1, 99)), "at most 64 header extensions"),
        ("v=0\r\n" + "x" * MAX_SDP_CHARS, "at most 131072 characters"),
        (GOOD + "a=mid:\x00\r\n", "printable"),
    ],
)
def test_an_offer_that_cannot_be_used_is_refused_with_the_reason(offer: str, reason: str) -> None:
    with pytest.raises(SdpError, match=reason):
        answer_publish(offer, {}, LOCAL)


def test_an_error_says_in_which_line_it_is() -> None:
    with pytest.raises(SdpError) as raised:
        answer_publish("v=0\r\ns=-\r\nm=audio nine UDP/TLS/RTP/SAVPF 111\r\n", {}, LOCAL)
    assert raised.value.line == 3
    assert str(raised.value).startswith("line 3: ")


def test_payload_types_that_would_read_as_rtcp_are_not_taken() -> None:
    """RFC 5761 §4: 64 to 95 collide with RTCP's packet types on one port."""
    offer = sdp_offers.load_generator().replace("SAVPF 111", "SAVPF 72").replace(":111 ", ":72 ")
    assert [track.source for track in answer_publish(offer, {}, LOCAL).tracks] == ["camera"]


def test_extension_ids_beyond_the_one_byte_header_are_not_taken() -> None:
    offer = sdp_offers.chromium().replace("a=extmap:4 ", "a=extmap:20 ")
    assert "mid" not in answer_publish(offer, {}, LOCAL).tracks[0].extensions
