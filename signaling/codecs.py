"""Which codecs and header extensions we speak, and what we take of what a client offers.

Media is forwarded, never decoded: a codec is here when a payload can be routed without looking into
it further than its keyframe bit. In which order is ours to say, not the client's (`video_codecs` of the
settings): VP8 first, because every browser decodes it and a room may hold every browser.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from signaling.sdp import Format, Media

# All that there are, in the order that holds where nobody says otherwise.
VIDEO_PREFERENCE = ("VP8", "H264", "VP9", "AV1")
AUDIO_PREFERENCE = ("opus",)

MID_URI = "urn:ietf:params:rtp-hdrext:sdes:mid"
RID_URI = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
REPAIRED_RID_URI = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
AUDIO_LEVEL_URI = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
ORIENTATION_URI = "urn:3gpp:video-orientation"
TRANSPORT_CC_URI = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"

AUDIO_EXTENSIONS = {"mid": MID_URI, "audio_level": AUDIO_LEVEL_URI, "transport_cc": TRANSPORT_CC_URI}
VIDEO_EXTENSIONS = {
    "mid": MID_URI,
    "rid": RID_URI,
    "repaired_rid": REPAIRED_RID_URI,
    "orientation": ORIENTATION_URI,
    "transport_cc": TRANSPORT_CC_URI,
}
# One-byte header extensions (RFC 8285 §4.2) have the ids 1 to 14; the planes read only those.
MAX_EXTENSION_ID = 14

# How the numbers of TRANSPORT_CC_URI are answered; where it is missing they are not sent, and REMB has to do.
TRANSPORT_CC = "transport-cc"
AUDIO_FEEDBACK = ("nack", TRANSPORT_CC)
VIDEO_FEEDBACK = ("nack", "nack pli", "ccm fir", "goog-remb", TRANSPORT_CC)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A codec as negotiated: its payload types are the client's. `rtx_payload_type` 0: no RTX.

    `name` is as in AUDIO_PREFERENCE and VIDEO_PREFERENCE; `feedback` what both sides speak.
    `red_payload_type` is that of redundant audio made of it (RFC 2198), 0: none.
    """

    name: str
    payload_type: int
    rtx_payload_type: int
    clock_rate: int
    channels: int
    fmtp: str
    feedback: tuple[str, ...]
    red_payload_type: int = 0
    usual: bool = True  # of a profile that is decoded wherever the codec is


def choose(media: Media, video: Sequence[str] = VIDEO_PREFERENCE) -> list[Chosen]:
    """What we can forward of an m-line: at most one format a codec, in our order (`video`)."""
    preference = AUDIO_PREFERENCE if media.kind == "audio" else video
    feedback = AUDIO_FEEDBACK if media.kind == "audio" else VIDEO_FEEDBACK
    chosen = []
    for name in preference:
        fitting = [form for form in media.formats.values() if _fits(form, name)]
        if not fitting:
            continue
        # `min` keeps the client's order among equals.
        form = min(fitting, key=_rank)
        chosen.append(
            Chosen(
                name=name,
                payload_type=form.payload_type,
                rtx_payload_type=_rtx(media, form),
                clock_rate=form.clock_rate,
                channels=form.channels,
                fmtp=form.fmtp,
                feedback=_feedback(form, feedback),
                red_payload_type=_red(media, form),
                usual=_rank(form) < UNUSUAL,
            )
        )
    return chosen


def _fits(form: Format, name: str) -> bool:
    if form.name.upper() != name.upper() or not _routable(form.payload_type):
        return False
    if name == "opus":
        return form.clock_rate == 48000 and form.channels == 2  # RFC 7587 §7
    if form.clock_rate != 90000:
        return False
    if name == "H264":
        # Single NAL unit mode cannot carry a camera's keyframe over a 1,200 byte path.
        return form.parameters.get("packetization-mode") == "1"
    return True


def _routable(payload_type: int) -> bool:
    """RTP and RTCP share a port: these payload types would read as RTCP (RFC 5761 §4)."""
    return not 64 <= payload_type <= 95


UNUSUAL = 2


def _rank(form: Format) -> int:
    """Lower is better, UNUSUAL what many cannot decode.

    Constrained baseline H.264 and profile 0 of VP9 and AV1 are decoded everywhere."""
    name = form.name.upper()
    if name == "H264":
        profile = form.parameters.get("profile-level-id", "42e01f").lower()
        if profile.startswith(("42e0", "42c0")):
            return 0
        return 1 if profile.startswith("42") else UNUSUAL
    if name == "VP9":
        return 0 if form.parameters.get("profile-id", "0") == "0" else UNUSUAL
    if name == "AV1":
        return 0 if form.parameters.get("profile", "0") == "0" else UNUSUAL
    return 0


def _rtx(media: Media, form: Format) -> int:
    for other in media.formats.values():
        if (
            other.name.lower() == "rtx"
            and other.parameters.get("apt") == str(form.payload_type)
            and _routable(other.payload_type)
        ):
            return other.payload_type
    return 0


def _red(media: Media, form: Format) -> int:
    """Redundant audio whose blocks are all of this format: `a=fmtp:63 111/111` (RFC 2198 §4)."""
    for other in media.formats.values():
        if (
            other.name.lower() == "red"
            and (other.clock_rate, other.channels) == (form.clock_rate, form.channels)
            and set(other.fmtp.split("/")) == {str(form.payload_type)}
            and _routable(other.payload_type)
        ):
            return other.payload_type
    return 0


def _feedback(form: Format, ours: tuple[str, ...]) -> tuple[str, ...]:
    theirs = {" ".join(value.split()) for value in form.feedback}
    return tuple(value for value in ours if value in theirs)


def choose_extensions(media: Media) -> dict[str, int]:
    """Name (as in AUDIO_EXTENSIONS, VIDEO_EXTENSIONS) to the client's id, for those that we read."""
    ours = AUDIO_EXTENSIONS if media.kind == "audio" else VIDEO_EXTENSIONS
    answered = any(TRANSPORT_CC in form.feedback for form in media.formats.values())
    return {
        name: media.extensions[uri]
        for name, uri in ours.items()
        if media.extensions.get(uri, 0) in range(1, MAX_EXTENSION_ID + 1)
        and (answered or name != "transport_cc")
    }


# Our own offers. The payload types are fixed, and the numbers that Chromium itself writes.
_PICTURES = ("nack", "nack pli", "ccm fir", "goog-remb", TRANSPORT_CC)
OUR_AUDIO = (Chosen("opus", 111, 0, 48000, 2, "minptime=10;useinbandfec=1", AUDIO_FEEDBACK, 63),)
OUR_VIDEO = (
    Chosen("VP8", 96, 97, 90000, 1, "", _PICTURES),
    Chosen(
        "H264",
        102,
        103,
        90000,
        1,
        "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
        _PICTURES,
    ),
    Chosen("VP9", 98, 99, 90000, 1, "profile-id=0", _PICTURES),
    Chosen("AV1", 104, 105, 90000, 1, "level-idx=5;profile=0;tier=0", _PICTURES),
)
OUR_AUDIO_EXTENSIONS = {"mid": 1, "audio_level": 2, "transport_cc": 4}
OUR_VIDEO_EXTENSIONS = {"mid": 1, "orientation": 3, "transport_cc": 4}
