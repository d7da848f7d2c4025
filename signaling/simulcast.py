"""Simulcast in SDP (RFC 8853) and its streams' ids (RFC 8851, RFC 8852): which of an offer's layers we take.

Pure. A layer is one encoding of a source, named by its RID and bound by the RID header extension when its
first packet comes: Chromium lists no SSRCs, and where Firefox does the RID says the same.
"""

from __future__ import annotations

from signaling.sdp import Media, SdpError

# Low, middle, high. A fourth would cost the publisher more than it gives anybody.
MAX_LAYERS = 3
# A RID travels in a one-byte header extension (RFC 8285 §4.2: up to 16 bytes).
MAX_RID_CHARS = 16
# What clients of SFUs call their layers, lowest first; other names count in the order of the offer.
KNOWN = ("q", "h", "f")


def layers(media: Media) -> tuple[str, ...]:
    """The RIDs of the m-line's simulcast streams, lowest first; empty where it sends one stream.

    At most MAX_LAYERS: of a longer list the first ones. Alternatives (RFC 8853 §5.1) count as their first.

    Raises:
        SdpError: a=simulcast is malformed, or names a stream that no a=rid describes.
    """
    if not media.simulcast:
        return ()
    listed = _sent(media)
    described = {rid for rid, direction in media.rids if direction == "send"}
    for rid in listed:
        if rid not in described:
            raise SdpError(f"a=simulcast names {rid}, which no a=rid:{rid} send describes", media.line)
        if len(rid) > MAX_RID_CHARS:
            raise SdpError(f"a RID has at most {MAX_RID_CHARS} characters", media.line)
    if len(set(listed)) != len(listed):
        raise SdpError("a=simulcast names a stream twice", media.line)
    taken = listed[:MAX_LAYERS]
    if all(rid in KNOWN for rid in taken):
        taken = sorted(taken, key=KNOWN.index)
    return tuple(taken)


def _sent(media: Media) -> list[str]:
    """The streams of the `send` list, alternatives and the mark of paused ones taken off."""
    fields = media.simulcast.split()
    lists = dict(zip(fields[::2], fields[1::2], strict=False))
    if len(fields) % 2 or not set(lists) <= {"send", "recv"}:
        raise SdpError("a=simulcast has the form a=simulcast:send rid;rid…", media.line)
    found = []
    for stream in lists.get("send", "").split(";") if "send" in lists else []:
        rid = stream.split(",")[0].removeprefix("~")
        if not rid:
            raise SdpError("a=simulcast has the form a=simulcast:send rid;rid…", media.line)
        found.append(rid)
    return found
