"""Writes our SDP, line by line. Knows the form of each line; what is said is decided in `negotiation`."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from signaling.codecs import Chosen
from signaling.messages import Kind
from signaling.sdp import Media

# RFC 8445 §5.1.2.1: type preference of host candidates. Those over TCP come after everything over UDP, and
# their local preference begins with the direction's, 4 for passive ones (RFC 6544 §4.2).
HOST_PREFERENCE = 126
TCP_PREFERENCE = 90
PASSIVE_PREFERENCE = 4


@dataclass(frozen=True, slots=True)
class Local:
    """Our side of a transport. `addresses` are (IP, UDP port), best first; `origin` numbers the SDP.

    `tcp` are addresses at which connections are taken that carry the same (RFC 6544).

    `fingerprint` is the SHA-256 of our certificate, in upper case with colons.
    """

    ufrag: str
    password: str
    fingerprint: str
    addresses: tuple[tuple[str, int], ...]
    origin: int
    tcp: tuple[tuple[str, int], ...] = ()


class Writer:
    """One description of ours: session lines first, then `media` or `reject` for each m-line in order."""

    def __init__(self, local: Local, bundle: Sequence[str], mixed: bool) -> None:
        self._local = local
        self._lines = [
            "v=0",
            f"o=- {local.origin} 1 IN IP4 127.0.0.1",
            "s=-",
            "t=0 0",
            "a=ice-lite",
            f"a=group:BUNDLE {' '.join(bundle)}",
            "a=msid-semantic:WMS *",
        ]
        if mixed:
            self._lines.append("a=extmap-allow-mixed")

    def text(self) -> str:
        """The whole description, lines ended by CRLF."""
        return "\r\n".join(self._lines) + "\r\n"

    def reject(self, media: Media) -> None:
        """Refuse an m-line of the offer (RFC 3264 §6)."""
        self._lines += [
            f"m={media.kind} 0 {media.protocol} {' '.join(media.tokens)}",
            "c=IN IP4 0.0.0.0",
            f"a=mid:{media.mid}",
            "a=inactive",
        ]

    def media(
        self,
        kind: str,
        mid: str,
        protocol: str,
        codecs: Sequence[Chosen],
        direction: str,
        setup: str,
        rsize: bool = True,
    ) -> None:
        """Open an m-line. Candidates stand in each: aiortc takes those of the last one of a bundle."""
        local = self._local
        host, port = local.addresses[0]
        version = ipaddress.ip_address(host).version
        types = [str(number) for codec in codecs for number in _payload_types(codec)]
        self._lines += [
            f"m={kind} {port} {protocol} {' '.join(types)}",
            f"c=IN IP{version} {host}",
            f"a=rtcp:{port} IN IP{version} {host}",
            f"a=ice-ufrag:{local.ufrag}",
            f"a=ice-pwd:{local.password}",
            f"a=fingerprint:sha-256 {local.fingerprint}",
            f"a=setup:{setup}",
            f"a=mid:{mid}",
            f"a={direction}",
            "a=rtcp-mux",
        ]
        if rsize:
            self._lines.append("a=rtcp-rsize")
        for index, (address, number) in enumerate(local.addresses):
            priority = HOST_PREFERENCE << 24 | (65535 - index) << 8 | 255
            self._lines.append(f"a=candidate:{index + 1} 1 udp {priority} {address} {number} typ host")
        for index, (address, number) in enumerate(local.tcp):
            priority = TCP_PREFERENCE << 24 | (PASSIVE_PREFERENCE << 13 | 8191 - index) << 8 | 255
            foundation = len(local.addresses) + index + 1
            self._lines.append(
                f"a=candidate:{foundation} 1 tcp {priority} {address} {number} typ host tcptype passive"
            )
        self._lines.append("a=end-of-candidates")

    def codec(self, codec: Chosen) -> None:
        """A format of the m-line that is open, with its RTX (RFC 4588 §8) and redundancy (RFC 2198)."""
        number = codec.payload_type
        channels = f"/{codec.channels}" if codec.channels > 1 else ""
        self._lines.append(f"a=rtpmap:{number} {codec.name}/{codec.clock_rate}{channels}")
        if codec.fmtp:
            self._lines.append(f"a=fmtp:{number} {codec.fmtp}")
        self._lines += [f"a=rtcp-fb:{number} {feedback}" for feedback in codec.feedback]
        if codec.rtx_payload_type:
            self._lines += [
                f"a=rtpmap:{codec.rtx_payload_type} rtx/{codec.clock_rate}",
                f"a=fmtp:{codec.rtx_payload_type} apt={number}",
            ]
        if codec.red_payload_type:
            self._lines += [
                f"a=rtpmap:{codec.red_payload_type} red/{codec.clock_rate}{channels}",
                f"a=fmtp:{codec.red_payload_type} {number}/{number}",
            ]

    def simulcast(self, rids: Sequence[str]) -> None:
        """The layers that we take of the m-line that is open (RFC 8853 §5.3)."""
        self._lines += [f"a=rid:{rid} recv" for rid in rids]
        self._lines.append(f"a=simulcast:recv {';'.join(rids)}")

    def extensions(self, uris: Mapping[str, str], ids: Mapping[str, int]) -> None:
        """Header extensions by name (RFC 8285 §5)."""
        self._lines += [f"a=extmap:{ids[name]} {uri}" for name, uri in uris.items() if name in ids]

    def source(self, kind: Kind, index: int, ssrc: int, rtx_ssrc: int) -> None:
        """What we send on the m-line: slot `index` of both kinds is one MediaStream, so that lips match."""
        stream = cname(index)
        self._lines.append(f"a=msid:{stream} {kind}{index}")
        if rtx_ssrc:
            self._lines.append(f"a=ssrc-group:FID {ssrc} {rtx_ssrc}")
        self._lines += [f"a=ssrc:{number} cname:{stream}" for number in (ssrc, rtx_ssrc) if number]


def cname(index: int) -> str:
    """CNAME and MediaStream of slot `index` of both kinds: they are synchronised (RFC 3550 §6.5.1)."""
    return f"slot{index}"


def _payload_types(codec: Chosen) -> list[int]:
    # A sender takes the first of them until it is told otherwise.
    return [n for n in (codec.payload_type, codec.rtx_payload_type, codec.red_payload_type) if n]
