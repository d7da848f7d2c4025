"""One end of a pipe: how two workers exchange media without ICE and DTLS.

To the forwarder it is a peer like any other. What a browser's handshake would agree on is known
beforehand (payload types, extensions), or was exchanged over the Bus (addresses, keys, SSRCs). Each side
makes the keys that it sends with, anew for every pipe, so no key ever protects twice with one counter;
RTCP has keys of its own (AES-128-GCM throughout, RFC 7714).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

import pylibsrtp
from pylibsrtp import Policy, Session

from sfu.forward.contract import Address, Codec, ExtensionIds, Forwarder, SrtpProfile
from sfu.forward.srtp import KEY_BYTES
from sfu.pipes.table import Place, SlotPool
from sfu.routing.codec_choice import Audience
from sfu.routing.producer import Producer
from sfu.routing.slot import Slot
from signaling.control import OpenPipe, PipeOpened, PipeSource, PipeStream

PROFILE = SrtpProfile.AEAD_AES_128_GCM
# Payload type and RTX payload type of each codec, the same on every pipe.
PAYLOAD_TYPES: dict[Codec, tuple[int, int]] = {
    Codec.OPUS: (111, 0),
    Codec.VP8: (96, 97),
    Codec.VP9: (98, 99),
    Codec.H264: (102, 103),
    Codec.AV1: (45, 46),
}
EXTENSIONS = ExtensionIds(audio_level=1, orientation=2)
# The receiver asks for what was lost; what its path can carry is not estimated: it is a data centre's.
FEEDBACK = ("nack", "nack pli")


@dataclass(frozen=True, slots=True)
class OwnKeys:
    """What one side sends with. `incarnation` is new with every pair of keys."""

    incarnation: str
    key: bytes
    rtcp_key: bytes


def new_keys() -> OwnKeys:
    """Keys for one pipe."""
    size = KEY_BYTES[PROFILE]
    return OwnKeys(secrets.token_hex(8), secrets.token_bytes(size), secrets.token_bytes(size))


def valid(far: OpenPipe | PipeOpened) -> bool:
    """Whether the other side's keys have the right size."""
    return len(far.key) == len(far.rtcp_key) == KEY_BYTES[PROFILE]


@dataclass(slots=True)
class Import:
    """A stream that comes over the pipe, its layers lowest first."""

    sources: tuple[PipeSource, ...]
    producers: tuple[Producer, ...]


@dataclass(slots=True, eq=False)
class PipeEnd:
    """This worker's end of the pipe to `worker`. Is a transport for `RtcpDesk`.

    `offered` is what the other side was told last of what we send.
    """

    worker: str
    peer: int
    own: OwnKeys
    theirs: str
    address: Address
    connected_at: float
    forwarder: Forwarder
    sender: Session
    receiver: Session
    pool: SlotPool = field(default_factory=SlotPool)
    slots: dict[Place, Slot] = field(default_factory=dict)
    imports: dict[PipeStream, Import] = field(default_factory=dict)
    wanted: dict[PipeStream, int] = field(default_factory=dict)  # and the best layer that is received
    audiences: dict[PipeStream, Audience] = field(default_factory=dict)  # of those that have told
    wanted_number: int = -1
    epoch: int = 0
    offers_number: int = 0
    offered: tuple[PipeSource, ...] = ()
    heard_offers: int = -1
    heard_at: float = 0.0
    bad_rtcp: int = 0

    @property
    def idle(self) -> bool:
        """Whether nothing is carried in either direction."""
        return not self.imports and not len(self.pool)

    def send_rtcp(self, data: bytes) -> bool:
        """Protect and send a compound packet."""
        try:
            protected = self.sender.protect_rtcp(data)
        except (pylibsrtp.Error, TypeError, ValueError):
            return False
        self.forwarder.send(self.address, protected)
        return True

    def unprotect_rtcp(self, data: bytes) -> bytes | None:
        """The compound packet in authentic SRTCP, or None."""
        try:
            plain: bytes = self.receiver.unprotect_rtcp(data)
        except (pylibsrtp.Error, TypeError, ValueError):
            self.bad_rtcp += 1
            return None
        return plain


def open_end(
    forwarder: Forwarder, peer: int, own: OwnKeys, far: OpenPipe | PipeOpened, now: float
) -> PipeEnd:
    """Make the forwarder's peer. Raises TableFull, ValueError (an address that cannot be reached)."""
    forwarder.add_peer(peer)
    try:
        forwarder.set_keys(peer, PROFILE, receive=far.key, send=own.key)
        address = far.address[0], far.address[1]
        forwarder.set_address(peer, address)
    except Exception:
        forwarder.remove_peer(peer)
        raise
    return PipeEnd(
        worker=far.worker,
        peer=peer,
        own=own,
        theirs=far.incarnation,
        address=address,
        connected_at=now,
        forwarder=forwarder,
        sender=_session(own.rtcp_key, Policy.SSRC_ANY_OUTBOUND),
        receiver=_session(far.rtcp_key, Policy.SSRC_ANY_INBOUND),
        heard_at=now,
    )


def _session(key: bytes, ssrc_type: int) -> Session:
    return Session(Policy(key=key, ssrc_type=ssrc_type, srtp_profile=Policy.SRTP_PROFILE_AEAD_AES_128_GCM))
