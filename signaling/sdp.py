"""SDP text to a description (RFC 8866, RFC 8829 §5): what an SFU needs to know, nothing more.

Everything that browsers, OBS, GStreamer and aiortc write is taken; attributes that say nothing to us
are skipped. What a stranger can make grow is bounded here (MAX_*), before anything is kept. This file
decides nothing: `signaling.negotiation` picks codecs and writes answers and offers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from signaling.messages import MAX_SDP_CHARS

MAX_LINES = 8192
MAX_LINE_CHARS = 4096
MAX_MEDIA = 128
MAX_FORMATS = 128
MAX_EXTENSIONS = 64
MAX_SSRCS = 64
MAX_GROUPS = 64
MAX_RIDS = 16
MAX_FINGERPRINTS = 8
MAX_FEEDBACK = 512
MAX_MID_CHARS = 16  # RFC 8843 has no bound; a MID travels in a one-byte RTP header extension

DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
_ICE_CHARS = re.compile(r"[A-Za-z0-9+/=_-]+\Z")  # RFC 8839 §5.4, and the = and - that some stacks write
_TOKEN = re.compile(r"[!#-'*+\-.0-9A-Z^-~]+\Z")  # RFC 8866 §9
_FINGERPRINT = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2})+\Z")


class SdpError(ValueError):
    """SDP that cannot be used. `line` counts from 1 and is 0 where the whole text is meant."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(f"line {line}: {reason}" if line else reason)
        self.reason = reason
        self.line = line


@dataclass(slots=True)
class Format:
    """One RTP payload type of an m-line. `parameters` are of a=fmtp, names in lower case."""

    payload_type: int
    name: str = ""
    clock_rate: int = 0
    channels: int = 1
    parameters: dict[str, str] = field(default_factory=dict)
    fmtp: str = ""
    feedback: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Media:
    """One m-line with its attributes. `line` is where it starts."""

    kind: str
    port: int
    protocol: str
    tokens: list[str]
    line: int
    mid: str = ""
    direction: str = "sendrecv"
    formats: dict[int, Format] = field(default_factory=dict)
    extensions: dict[str, int] = field(default_factory=dict)
    ssrcs: list[int] = field(default_factory=list)
    cname: str = ""
    groups: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)
    rids: list[tuple[str, str]] = field(default_factory=list)
    simulcast: str = ""
    msid: str = ""
    ufrag: str = ""
    password: str = ""
    fingerprints: list[tuple[str, str]] = field(default_factory=list)
    setup: str = ""
    rtcp_mux: bool = False
    rtcp_rsize: bool = False
    bundle_only: bool = False

    @property
    def rejected(self) -> bool:
        """Port 0 means: not wanted, unless it only says "in the bundle" (RFC 8843 §6)."""
        return self.port == 0 and not self.bundle_only


@dataclass(slots=True)
class Description:
    """A whole offer or answer. Transport attributes of session level are copied to each m-line."""

    media: list[Media] = field(default_factory=list)
    bundle: tuple[str, ...] = ()
    ice_lite: bool = False
    extmap_allow_mixed: bool = False


def parse(text: str) -> Description:
    """The description in `text`, lines ended by CRLF or LF.

    Raises:
        SdpError: it is too large, or a line that matters is malformed.
    """
    if len(text) > MAX_SDP_CHARS:
        raise SdpError(f"an SDP has at most {MAX_SDP_CHARS} characters, this one has {len(text)}")
    lines = text.replace("\r\n", "\n").split("\n")
    if len(lines) > MAX_LINES:
        raise SdpError(f"an SDP has at most {MAX_LINES} lines, this one has {len(lines)}")
    if lines[0] != "v=0":
        raise SdpError("an SDP begins with v=0", 1)
    description = Description()
    session = Media(kind="", port=0, protocol="", tokens=[], line=1)
    current = session
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        if len(line) > MAX_LINE_CHARS:
            raise SdpError(f"a line has at most {MAX_LINE_CHARS} characters", number)
        if len(line) < 2 or line[1] != "=":
            raise SdpError("a line has the form letter=value", number)
        if line[0] in "am" and not line.isprintable():
            raise SdpError("a line has printable characters only", number)
        value = line[2:]
        if line[0] == "m":
            if len(description.media) >= MAX_MEDIA:
                raise SdpError(f"an SDP has at most {MAX_MEDIA} m-lines", number)
            current = _media(value, number)
            current.direction = session.direction
            description.media.append(current)
        elif line[0] == "a":
            name, _, argument = value.partition(":")
            if current is session:
                _session_attribute(description, name, argument, number)
            _attribute(current, name, argument, number)
    _complete(description, session)
    return description


def _media(value: str, number: int) -> Media:
    fields = value.split()
    if len(fields) < 4:
        raise SdpError("an m-line has the form m=kind port protocol formats", number)
    if len(fields) - 3 > MAX_FORMATS:
        raise SdpError(f"an m-line has at most {MAX_FORMATS} formats", number)
    media = Media(
        kind=fields[0],
        port=_integer(fields[1].partition("/")[0], 0, 65535, "a port", number),
        protocol=fields[2],
        tokens=fields[3:],
        line=number,
    )
    if not (_TOKEN.match(media.kind) and _TOKEN.match(media.protocol.replace("/", "."))):
        raise SdpError("an m-line has the form m=kind port protocol formats", number)
    if media.kind in ("audio", "video"):
        for token in media.tokens:
            payload_type = _integer(token, 0, 127, "a payload type", number)
            media.formats[payload_type] = Format(payload_type)
    return media


def _session_attribute(description: Description, name: str, argument: str, number: int) -> None:
    if name == "group":
        semantics, _, mids = argument.partition(" ")
        if semantics == "BUNDLE" and not description.bundle:
            members = tuple(mids.split())
            if len(members) > MAX_MEDIA:
                raise SdpError(f"a group has at most {MAX_MEDIA} members", number)
            description.bundle = members
    elif name == "ice-lite":
        description.ice_lite = True
    elif name == "extmap-allow-mixed":
        description.extmap_allow_mixed = True


def _attribute(media: Media, name: str, argument: str, number: int) -> None:
    if name in DIRECTIONS:
        media.direction = name
    elif name == "mid":
        if not _TOKEN.match(argument) or len(argument) > MAX_MID_CHARS:
            raise SdpError(f"a MID is a token of at most {MAX_MID_CHARS} characters", number)
        media.mid = argument
    elif name == "rtpmap":
        _rtpmap(media, argument, number)
    elif name == "fmtp":
        _fmtp(media, argument, number)
    elif name == "rtcp-fb":
        _feedback(media, argument, number)
    elif name == "extmap":
        _extmap(media, argument, number)
    elif name == "ssrc":
        _ssrc(media, argument, number)
    elif name == "ssrc-group":
        _ssrc_group(media, argument, number)
    elif name == "rid":
        fields = argument.split()
        if len(fields) < 2 or fields[1] not in ("send", "recv") or not _TOKEN.match(fields[0]):
            raise SdpError("a=rid has the form a=rid:id send|recv", number)
        if len(media.rids) >= MAX_RIDS:
            raise SdpError(f"an m-line has at most {MAX_RIDS} RIDs", number)
        media.rids.append((fields[0], fields[1]))
    elif name == "simulcast":
        media.simulcast = argument
    elif name == "msid":
        media.msid = media.msid or argument
    elif name == "rtcp-mux":
        media.rtcp_mux = True
    elif name == "rtcp-rsize":
        media.rtcp_rsize = True
    elif name == "bundle-only":
        media.bundle_only = True
    else:
        _transport_attribute(media, name, argument, number)


def _transport_attribute(media: Media, name: str, argument: str, number: int) -> None:
    if name == "ice-ufrag":
        if not 4 <= len(argument) <= 256 or not _ICE_CHARS.match(argument):
            raise SdpError("an ICE ufrag has 4 to 256 ICE characters", number)
        media.ufrag = argument
    elif name == "ice-pwd":
        if not 22 <= len(argument) <= 256 or not _ICE_CHARS.match(argument):
            raise SdpError("an ICE password has 22 to 256 ICE characters", number)
        media.password = argument
    elif name == "setup":
        if argument not in ("active", "passive", "actpass", "holdconn"):
            raise SdpError("a=setup is active, passive, actpass or holdconn", number)
        media.setup = argument
    elif name == "fingerprint":
        algorithm, _, value = argument.partition(" ")
        if not _FINGERPRINT.match(value) or not _TOKEN.match(algorithm):
            raise SdpError("a=fingerprint has the form a=fingerprint:algorithm XX:XX:…", number)
        if len(media.fingerprints) >= MAX_FINGERPRINTS:
            raise SdpError(f"an m-line has at most {MAX_FINGERPRINTS} fingerprints", number)
        media.fingerprints.append((algorithm.lower(), value.upper()))


def _rtpmap(media: Media, argument: str, number: int) -> None:
    token, _, encoding = argument.partition(" ")
    codec = encoding.strip().split("/")
    if len(codec) < 2 or not _TOKEN.match(codec[0]):
        raise SdpError("a=rtpmap has the form a=rtpmap:type name/rate", number)
    form = media.formats.get(_integer(token, 0, 127, "a payload type", number))
    if form is None:
        return
    form.name = codec[0]
    form.clock_rate = _integer(codec[1], 1, 1_000_000, "a clock rate", number)
    form.channels = _integer(codec[2], 1, 32, "a channel count", number) if len(codec) > 2 else 1


def _fmtp(media: Media, argument: str, number: int) -> None:
    token, _, rest = argument.partition(" ")
    if not token.isdigit():
        return  # formats of m=application
    form = media.formats.get(_integer(token, 0, 127, "a payload type", number))
    if form is None:
        return
    form.fmtp = rest.strip()
    for parameter in form.fmtp.split(";"):
        key, _, value = parameter.strip().partition("=")
        if key:
            form.parameters[key.lower()] = value


def _feedback(media: Media, argument: str, number: int) -> None:
    token, _, value = argument.partition(" ")
    if sum(len(form.feedback) for form in media.formats.values()) >= MAX_FEEDBACK:
        raise SdpError(f"an m-line has at most {MAX_FEEDBACK} kinds of feedback", number)
    if token == "*":
        for form in media.formats.values():
            form.feedback.append(value)
        return
    found = media.formats.get(_integer(token, 0, 127, "a payload type", number))
    if found is not None:
        found.feedback.append(value)


def _extmap(media: Media, argument: str, number: int) -> None:
    fields = argument.split()
    if len(fields) < 2:
        raise SdpError("a=extmap has the form a=extmap:id uri", number)
    identifier = _integer(fields[0].partition("/")[0], 1, 65535, "an extension id", number)
    if len(media.extensions) >= MAX_EXTENSIONS:
        raise SdpError(f"an m-line has at most {MAX_EXTENSIONS} header extensions", number)
    media.extensions.setdefault(fields[1], identifier)


def _ssrc(media: Media, argument: str, number: int) -> None:
    token, _, attribute = argument.partition(" ")
    ssrc = _integer(token, 0, 2**32 - 1, "an SSRC", number)
    if ssrc not in media.ssrcs:
        if len(media.ssrcs) >= MAX_SSRCS:
            raise SdpError(f"an m-line has at most {MAX_SSRCS} SSRCs", number)
        media.ssrcs.append(ssrc)
    name, _, value = attribute.partition(":")
    if name == "cname" and not media.cname:
        media.cname = value[:255]


def _ssrc_group(media: Media, argument: str, number: int) -> None:
    fields = argument.split()
    if len(fields) < 2 or len(fields) > MAX_SSRCS:
        raise SdpError("a=ssrc-group has the form a=ssrc-group:semantics ssrc …", number)
    if len(media.groups) >= MAX_GROUPS:
        raise SdpError(f"an m-line has at most {MAX_GROUPS} SSRC groups", number)
    members = tuple(_integer(token, 0, 2**32 - 1, "an SSRC", number) for token in fields[1:])
    media.groups.append((fields[0], members))


def _integer(token: str, least: int, most: int, what: str, number: int) -> int:
    if not (token.isascii() and token.isdigit() and len(token) <= 10 and least <= int(token) <= most):
        raise SdpError(f"{what} is a number from {least} to {most}", number)
    return int(token)


def _complete(description: Description, session: Media) -> None:
    """Copy what session level says for all, name m-lines without MID, and refuse equal MIDs."""
    seen: set[str] = set()
    for index, media in enumerate(description.media):
        media.ufrag = media.ufrag or session.ufrag
        media.password = media.password or session.password
        media.setup = media.setup or session.setup
        media.fingerprints = media.fingerprints or session.fingerprints
        if not media.mid:
            media.mid = f"m{index}" if description.bundle else str(index)
        if media.mid in seen:
            raise SdpError(f"two m-lines have the MID {media.mid}", media.line)
        seen.add(media.mid)
