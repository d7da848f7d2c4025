"""The SDP of a load: as little as SFUs need of a client, and what it needs of their answers."""

from __future__ import annotations

import ipaddress
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from web.load.reach import is_loopback

AUDIO_TYPE, VIDEO_TYPE = 111, 96
CODECS = {"audio": (AUDIO_TYPE, "opus/48000/2"), "video": (VIDEO_TYPE, "VP8/90000")}


@dataclass(frozen=True)
class Line:
    """One m-line. `ssrc` is of what it sends, 0 where it receives."""

    kind: str
    mid: str
    payload_type: int
    codec: str
    ssrc: int = 0

    @classmethod
    def of(cls, kind: str, mid: int, ssrc: int = 0) -> Line:
        """With our own payload type."""
        return cls(kind, str(mid), *CODECS[kind], ssrc)


@dataclass(frozen=True)
class Side:
    """One end's transport."""

    ufrag: str
    password: str
    fingerprint: str
    address: tuple[str, int]


@dataclass(frozen=True)
class Remote:
    """What a server said: where it is, who it is, whether it wants to be the DTLS client, and its m-lines."""

    ufrag: str
    password: str
    address: tuple[str, int]
    active: bool
    lines: tuple[Line, ...]


def write(side: Side, lines: list[Line], *, setup: str, name: str) -> str:
    """An offer or answer with these m-lines on one transport."""
    host, port = side.address
    text = [
        "v=0",
        f"o=- {secrets.randbits(50)} 1 IN IP4 {host}",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE " + " ".join(line.mid for line in lines),
    ]
    for line in lines:
        text += [
            f"m={line.kind} 9 UDP/TLS/RTP/SAVPF {line.payload_type}",
            f"c=IN IP4 {host}",
            f"a=mid:{line.mid}",
            "a=sendonly" if line.ssrc else "a=recvonly",
            "a=rtcp-mux",
            f"a=setup:{setup}",
            f"a=ice-ufrag:{side.ufrag}",
            f"a=ice-pwd:{side.password}",
            f"a=fingerprint:sha-256 {side.fingerprint}",
            f"a=rtpmap:{line.payload_type} {line.codec}",
        ]
        if line.kind == "video":
            text += [f"a=rtcp-fb:{line.payload_type} {value}" for value in ("nack", "nack pli", "ccm fir")]
        if line.ssrc:
            text += [f"a=msid:{name} {name}-{line.kind}", f"a=ssrc:{line.ssrc} cname:{name}"]
        text += [f"a=candidate:1 1 udp 2130706431 {host} {port} typ host", "a=end-of-candidates"]
    return "\r\n".join(text) + "\r\n"


def read(text: str, reach: Callable[[str], bool] = is_loopback) -> Remote:
    """A server's answer or offer. Raises ValueError when it has no UDP candidate of IPv4 within `reach`."""
    sections = re.split(r"^m=", text.replace("\r\n", "\n"), flags=re.MULTILINE)
    found = {
        name: _first(rf"^a={name}:(\S+)", text) for name in ("ice-ufrag", "ice-pwd", "fingerprint", "setup")
    }
    for host, port in re.findall(
        r"^a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host", text, re.MULTILINE | re.I
    ):
        if _ipv4(host) and reach(host):
            address = host, int(port)
            break
    else:
        raise ValueError("the server names no UDP address within reach")
    lines = []
    for section in sections[1:]:
        kind, _, _, payload_type = section.split(None, 4)[:4]
        codec = _first(rf"^a=rtpmap:{payload_type} (\S+)", section)
        lines.append(Line(kind, _first(r"^a=mid:(\S+)", section), int(payload_type), codec))
    return Remote(found["ice-ufrag"], found["ice-pwd"], address, found["setup"] == "active", tuple(lines))


def _ipv4(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).version == 4
    except ValueError:  # a name, as browsers hide their addresses
        return False


def _first(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    return found[1] if found else ""
