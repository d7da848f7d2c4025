"""Offer and answer for the two connections of a client (RFC 8829, RFC 9725 for WHIP).

Publish: the client offers, `answer_publish` answers. Subscribe: `offer_slots` writes our pool of slots
and `accept_slots` reads the answer; a WHEP player offers itself and `answer_play` answers. In all of
them we are ICE-lite (RFC 8839 §4), the DTLS server, and everything is bundled on one transport with
RTCP beside it (RFC 8843, RFC 5761).

Pure: SSRCs, ICE credentials and the origin's number come in as arguments. What an m-line may not get
from us is refused with port 0, never the whole offer, unless nothing is left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from signaling import sdp
from signaling.codecs import (
    AUDIO_EXTENSIONS,
    OUR_AUDIO,
    OUR_AUDIO_EXTENSIONS,
    OUR_VIDEO,
    OUR_VIDEO_EXTENSIONS,
    VIDEO_EXTENSIONS,
    VIDEO_PREFERENCE,
    Chosen,
    choose,
    choose_extensions,
)
from signaling.messages import KIND_OF_SOURCE, Kind, Source
from signaling.sdp import Description, Media, SdpError
from signaling.sdp_writer import Local, Writer
from signaling.simulcast import layers

# SHA-1 is out (RFC 8122 §5 asks for SHA-256; aiortc checks these).
FINGERPRINT_ALGORITHMS = ("sha-256", "sha-384", "sha-512")
MAX_PUBLISHED = 4  # one a Source
PROTOCOLS = ("UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", "TCP/TLS/RTP/SAVPF", "RTP/SAVPF")
BY_ORDER: dict[str, tuple[Source, ...]] = {"audio": ("mic", "screen_audio"), "video": ("camera", "screen")}


@dataclass(frozen=True, slots=True)
class Remote:
    """The client's side: its DTLS certificate's fingerprints (algorithm, value) and its ICE ufrag."""

    ufrag: str
    fingerprints: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class PublishedTrack:
    """A source that the client will send. SSRCs are 0 where the offer does not say (then MID binds them).

    `extensions` maps the names of `signaling.codecs` to ids. `rids` are its simulcast layers, lowest first:
    each is a stream of its own, bound by its RID. Empty: there is one stream. `codecs` are those that it may
    change between while it sends, the one that it begins with first.
    """

    mid: str
    kind: Kind
    source: Source
    codecs: tuple[Chosen, ...]
    extensions: Mapping[str, int]
    ssrc: int
    rtx_ssrc: int
    rids: tuple[str, ...] = ()

    @property
    def codec(self) -> Chosen:
        """What it begins with."""
        return self.codecs[0]

    @property
    def feedback(self) -> tuple[str, ...]:
        """What both sides speak, whichever of the codecs is sent."""
        return tuple(
            value for value in self.codec.feedback if all(value in other.feedback for other in self.codecs)
        )


@dataclass(frozen=True, slots=True)
class Publication:
    """The answer to a publish offer, and what it means."""

    sdp: str
    remote: Remote
    tracks: tuple[PublishedTrack, ...]


@dataclass(frozen=True, slots=True)
class ReceivingSlot:
    """A slot that the client agreed to. `codecs` are those that it takes, with its payload types."""

    kind: Kind
    index: int
    mid: str
    ssrc: int
    rtx_ssrc: int
    codecs: tuple[Chosen, ...]
    extensions: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class OfferedSlot:
    """A slot of our own offer."""

    kind: Kind
    index: int
    mid: str
    ssrc: int
    rtx_ssrc: int


@dataclass(frozen=True, slots=True)
class SlotOffer:
    """Our offer of a slot pool."""

    sdp: str
    slots: tuple[OfferedSlot, ...]


@dataclass(frozen=True, slots=True)
class Subscription:
    """The slots that a client receives on. `sdp` is our answer (WHEP), empty where the client answered."""

    sdp: str
    remote: Remote
    slots: tuple[ReceivingSlot, ...]


def answer_publish(
    offer: str,
    sources: Mapping[str, Source],
    local: Local,
    video: Sequence[str] = VIDEO_PREFERENCE,
    fixed: bool = False,
) -> Publication:
    """Answer a client that wants to send.

    `sources` maps MIDs to what they carry; others are told apart by kind and order. All codecs of `video`
    that the client has in a usual profile are taken, in that order (where there is none: one in another
    profile); `fixed`: the first of them only, for a client that could not be told to change.

    Raises:
        SdpError: the offer is malformed, or there is nothing in it that we could receive.
    """
    description = sdp.parse(offer)
    bundle = _bundle(description)
    taken: set[Source] = {sources[media.mid] for media in description.media if media.mid in sources}
    used: set[Source] = set()
    tracks = [
        _published(media, _sent(media, video, fixed), bundle, sources, taken, used)
        for media in description.media
    ]
    accepted = [track for track in tracks if track is not None]
    if not accepted:
        raise SdpError("the offer sends nothing that we can receive (opus; VP8, H264, VP9 or AV1)")
    remote = _remote(description, {track.mid for track in accepted}, ("active", "actpass", ""))
    writer = Writer(local, [track.mid for track in accepted], description.extmap_allow_mixed)
    for media, track in zip(description.media, tracks, strict=True):
        if track is None:
            writer.reject(media)
            continue
        writer.media(
            media.kind, track.mid, media.protocol, track.codecs, "recvonly", "passive", media.rtcp_rsize
        )
        writer.extensions(AUDIO_EXTENSIONS if track.kind == "audio" else VIDEO_EXTENSIONS, track.extensions)
        for codec in track.codecs:
            writer.codec(codec)
        if track.rids:
            writer.simulcast(track.rids)
    return Publication(writer.text(), remote, tuple(accepted))


def _sent(media: Media, video: Sequence[str], fixed: bool) -> list[Chosen]:
    codecs = choose(media, video)
    usual = [codec for codec in codecs if codec.usual]
    return (usual or codecs[:1])[: 1 if fixed else None]


def _published(
    media: Media,
    codecs: Sequence[Chosen],
    bundle: set[str],
    sources: Mapping[str, Source],
    taken: set[Source],
    used: set[Source],
) -> PublishedTrack | None:
    if not _usable(media, bundle) or media.direction not in ("sendrecv", "sendonly"):
        return None
    source = sources.get(media.mid)
    if source is None:
        free = [name for name in BY_ORDER[media.kind] if name not in taken]
        if not free:
            return None
        source = free[0]
        taken.add(source)
    elif KIND_OF_SOURCE[source] != media.kind:
        raise SdpError(f"m-line {media.mid} is {media.kind} and cannot carry {source}", media.line)
    elif source in used:
        raise SdpError(f"two m-lines carry {source}", media.line)
    used.add(source)
    if not codecs:
        return None
    ssrc, rtx_ssrc = _ssrcs(media)
    extensions = choose_extensions(media)
    # Without both ids a layer's packets could not be told from another's.
    rids = layers(media) if {"mid", "rid"} <= extensions.keys() else ()
    return PublishedTrack(
        mid=media.mid,
        kind="audio" if media.kind == "audio" else "video",
        source=source,
        codecs=tuple(codecs),
        extensions=extensions,
        ssrc=ssrc,
        rtx_ssrc=rtx_ssrc if any(codec.rtx_payload_type for codec in codecs) else 0,
        rids=rids,
    )


def _ssrcs(media: Media) -> tuple[int, int]:
    """The SSRC and its RTX SSRC, 0 where the m-line leaves them open or sends several layers."""
    if media.simulcast or media.rids or any(name == "SIM" for name, _ in media.groups):
        return 0, 0
    for name, members in media.groups:
        if name == "FID" and len(members) == 2:
            return members[0], members[1]
    return (media.ssrcs[0] if len(media.ssrcs) == 1 else 0), 0


def offer_slots(
    audio: int,
    video: int,
    new_ssrc: Callable[[], int],
    local: Local,
    preference: Sequence[str] = VIDEO_PREFERENCE,
) -> SlotOffer:
    """Our offer of `audio` + `video` slots: MIDs a0… and v0…, slot i of both kinds in one MediaStream.

    `preference` are the video codecs, in their order.

    Raises:
        ValueError: the numbers are negative, both 0, or together over sdp.MAX_MEDIA.
    """
    if audio < 0 or video < 0 or not 1 <= audio + video <= sdp.MAX_MEDIA:
        raise ValueError(f"a pool has 1 to {sdp.MAX_MEDIA} slots, not {audio} + {video}")
    slots = [OfferedSlot("audio", index, f"a{index}", new_ssrc(), 0) for index in range(audio)]
    slots += [OfferedSlot("video", index, f"v{index}", new_ssrc(), new_ssrc()) for index in range(video)]
    writer = Writer(local, [slot.mid for slot in slots], mixed=True)
    ours = [codec for name in preference for codec in OUR_VIDEO if codec.name == name]
    for slot in slots:
        codecs = OUR_AUDIO if slot.kind == "audio" else ours
        writer.media(slot.kind, slot.mid, PROTOCOLS[0], codecs, "sendonly", "actpass")
        if slot.kind == "audio":
            writer.extensions(AUDIO_EXTENSIONS, OUR_AUDIO_EXTENSIONS)
        else:
            writer.extensions(VIDEO_EXTENSIONS, OUR_VIDEO_EXTENSIONS)
        for codec in codecs:
            writer.codec(codec)
        writer.source(slot.kind, slot.index, slot.ssrc, slot.rtx_ssrc)
    return SlotOffer(writer.text(), tuple(slots))


def accept_slots(offer: SlotOffer, answer: str) -> Subscription:
    """Read the client's answer to our slots.

    A slot whose m-line was rejected, or is not received, is missing in the result.

    Raises:
        SdpError: the answer is malformed or does not fit the offer.
    """
    description = sdp.parse(answer)
    if len(description.media) != len(offer.slots):
        raise SdpError(f"the offer has {len(offer.slots)} m-lines, the answer {len(description.media)}")
    bundle = _bundle(description)
    slots: list[ReceivingSlot] = []
    for media, offered in zip(description.media, offer.slots, strict=True):
        if media.rejected:
            continue
        if media.kind != offered.kind or media.mid != offered.mid:
            raise SdpError(f"the m-line of slot {offered.mid} is {media.kind} {media.mid}", media.line)
        if not _usable(media, bundle) or media.direction not in ("sendrecv", "recvonly"):
            continue
        codecs = choose(media)
        if codecs:
            slots.append(_slot(offered, media, codecs))
    if not slots:
        raise SdpError("the answer takes none of the slots")
    return Subscription("", _remote(description, {slot.mid for slot in slots}, ("active",)), tuple(slots))


def answer_play(
    offer: str, new_ssrc: Callable[[], int], local: Local, video: Sequence[str] = VIDEO_PREFERENCE
) -> Subscription:
    """Answer a player (WHEP): its m-lines that receive become slots, in order, with its payload types.

    Raises:
        SdpError: the offer is malformed, or receives nothing that we can send.
    """
    description = sdp.parse(offer)
    bundle = _bundle(description)
    slots: list[ReceivingSlot | None] = []
    count: dict[str, int] = {"audio": 0, "video": 0}
    for media in description.media:
        codecs = choose(media, video) if _usable(media, bundle) else []
        if not codecs or media.direction not in ("sendrecv", "recvonly"):
            slots.append(None)
            continue
        kind: Kind = "audio" if media.kind == "audio" else "video"
        has_rtx = any(codec.rtx_payload_type for codec in codecs)
        offered = OfferedSlot(kind, count[kind], media.mid, new_ssrc(), new_ssrc() if has_rtx else 0)
        count[kind] += 1
        slots.append(_slot(offered, media, codecs))
    accepted = [slot for slot in slots if slot is not None]
    if not accepted:
        raise SdpError("the offer receives nothing that we can send (opus; VP8, H264, VP9 or AV1)")
    remote = _remote(description, {slot.mid for slot in accepted}, ("active", "actpass", ""))
    writer = Writer(local, [slot.mid for slot in accepted], description.extmap_allow_mixed)
    for media, slot in zip(description.media, slots, strict=True):
        if slot is None:
            writer.reject(media)
            continue
        writer.media(
            media.kind, slot.mid, media.protocol, slot.codecs, "sendonly", "passive", media.rtcp_rsize
        )
        writer.extensions(AUDIO_EXTENSIONS if slot.kind == "audio" else VIDEO_EXTENSIONS, slot.extensions)
        for codec in slot.codecs:
            writer.codec(codec)
        writer.source(slot.kind, slot.index, slot.ssrc, slot.rtx_ssrc)
    return Subscription(writer.text(), remote, tuple(accepted))


def _slot(offered: OfferedSlot, media: Media, codecs: Sequence[Chosen]) -> ReceivingSlot:
    return ReceivingSlot(
        kind=offered.kind,
        index=offered.index,
        mid=offered.mid,
        ssrc=offered.ssrc,
        rtx_ssrc=offered.rtx_ssrc,
        codecs=tuple(codecs),
        extensions=choose_extensions(media),
    )


def _bundle(description: Description) -> set[str]:
    """The MIDs that share the one transport which we have (RFC 8843). Without a group: the first m-line's."""
    if not description.media:
        raise SdpError("the description has no m-line")
    if description.ice_lite:
        raise SdpError("both sides are ICE-lite: nobody would check the path")
    return set(description.bundle) if description.bundle else {description.media[0].mid}


def _usable(media: Media, bundle: set[str]) -> bool:
    return (
        media.kind in ("audio", "video")
        and not media.rejected
        and media.mid in bundle
        and media.protocol in PROTOCOLS
    )


def _remote(description: Description, mids: set[str], setups: tuple[str, ...]) -> Remote:
    """The client's transport as the first accepted m-line says it (or its bundle's tagged one)."""
    order = {mid: index for index, mid in enumerate(description.bundle)}
    tagged = sorted(
        (media for media in description.media if media.mid in mids or media.ufrag),
        key=lambda media: (not media.ufrag, order.get(media.mid, len(order))),
    )
    if not tagged or not tagged[0].ufrag:
        raise SdpError("a=ice-ufrag is missing")
    first = tagged[0]
    if not first.password:
        raise SdpError("a=ice-pwd is missing", first.line)
    for media in description.media:
        if media.mid in mids and not media.rtcp_mux:
            raise SdpError(f"m-line {media.mid} has no a=rtcp-mux; RTCP has no port of its own", media.line)
    if first.setup not in setups:
        raise SdpError(f"a=setup:{first.setup or 'actpass'} does not fit: we are the DTLS server", first.line)
    usable = tuple(pair for pair in first.fingerprints if pair[0] in FINGERPRINT_ALGORITHMS)
    if not usable:
        raise SdpError("a=fingerprint with sha-256, sha-384 or sha-512 is missing", first.line)
    return Remote(first.ufrag, usable)
