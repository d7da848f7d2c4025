"""SRTP sessions for a forwarding plane: libsrtp as pylibsrtp's wheel carries it, called directly.

Both planes take their sessions from here. A session protects *or* unprotects RTP of one peer. There are two
senders to a peer's key, `sender` and `repeater`, and an SSRC is only ever protected by one of them: two that
protect the same SSRC would use one GCM nonce twice. Each has one cipher for all its SSRCs. RTCP has its own
sessions elsewhere. Nothing here knows peers or packets.

`protect` and `unprotect` are libsrtp's functions: (context, pointer, int pointer) -> status, in place.
pylibsrtp gives no promise about them, so `check_seam` compares their signature before anything is used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pylibsrtp import Error as SrtpError
from pylibsrtp import Policy, Session
from pylibsrtp._binding import ffi, lib

from sfu.forward.contract import SrtpProfile

# libsrtp's srtp_err_status_t.
STATUS_OK = 0
STATUS_AUTH_FAILED = 7
STATUS_CIPHER_FAILED = 8
STATUS_REPLAYED = 9
STATUS_TOO_OLD = 10

# Packets behind the newest one that may still come (receive) or go out of order (send).
WINDOW_PACKETS = 1024
# The same for what is sent: libsrtp moves the whole window for each packet. What a producer's repair brings
# later than this is too late to be played, and of what is asked for again likewise.
SEND_WINDOW_PACKETS = 256

# Bytes of authentication tag behind a packet (RFC 3711 §5.2.1, RFC 7714 §14.2).
TAG_BYTES = {SrtpProfile.AES_CM_128_HMAC_SHA1_80: 10, SrtpProfile.AEAD_AES_128_GCM: 16}
# Master key + master salt (RFC 5764 §4.1.2, RFC 7714 §14.2).
KEY_BYTES = {SrtpProfile.AES_CM_128_HMAC_SHA1_80: 16 + 14, SrtpProfile.AEAD_AES_128_GCM: 16 + 12}

_PYLIBSRTP_PROFILE = {
    SrtpProfile.AES_CM_128_HMAC_SHA1_80: Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    SrtpProfile.AEAD_AES_128_GCM: Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
}

PROTECT_SIGNATURE = "srtp_err_status_t(*)(struct srtp_ctx_t_ *, void *, int *)"

protect: Callable[[Any, Any, Any], int] = lib.srtp_protect
unprotect: Callable[[Any, Any, Any], int] = lib.srtp_unprotect


def check_seam() -> None:
    """Raise RuntimeError when pylibsrtp's functions are not the ones this file was written for."""
    for name in ("srtp_protect", "srtp_unprotect"):
        found = ffi.typeof(getattr(lib, name)).cname
        if found != PROTECT_SIGNATURE:
            raise RuntimeError(f"pylibsrtp's {name} is {found}, expected {PROTECT_SIGNATURE}")


def check_key(profile: SrtpProfile, key: bytes) -> None:
    """Raise ValueError for a master key and salt of the wrong length."""
    if len(key) != KEY_BYTES[profile]:
        raise ValueError(f"{profile.name} needs {KEY_BYTES[profile]} bytes of key and salt, got {len(key)}")


class SrtpSession:
    """One direction of one peer. `context` is libsrtp's `srtp_t`, valid as long as this object lives."""

    def __init__(self, profile: SrtpProfile, key: bytes, ssrc_type: int, repeat: bool = False) -> None:
        check_key(profile, key)
        policy = Policy(key=key, ssrc_type=ssrc_type, srtp_profile=_PYLIBSRTP_PROFILE[profile])
        sends = ssrc_type == Policy.SSRC_ANY_OUTBOUND
        policy.window_size = SEND_WINDOW_PACKETS if sends else WINDOW_PACKETS
        policy.allow_repeat_tx = repeat
        self._owner = Session(policy)
        self.context: Any = self._owner._srtp[0]
        self.tag_bytes = TAG_BYTES[profile]


def receiver(profile: SrtpProfile, key: bytes) -> SrtpSession:
    """Unprotects what a peer sends, any SSRC. Raises ValueError for a key of the wrong length."""
    return SrtpSession(profile, key, Policy.SSRC_ANY_INBOUND)


def sender(profile: SrtpProfile, key: bytes) -> SrtpSession:
    """Protects what goes to a peer, any SSRC. Raises ValueError for a key of the wrong length."""
    return SrtpSession(profile, key, Policy.SSRC_ANY_OUTBOUND)


def repeater(profile: SrtpProfile, key: bytes) -> SrtpSession:
    """A `sender` that protects a sequence number again: the same bytes, for a plain retransmission."""
    return SrtpSession(profile, key, Policy.SSRC_ANY_OUTBOUND, repeat=True)


__all__ = [
    "KEY_BYTES",
    "PROTECT_SIGNATURE",
    "STATUS_AUTH_FAILED",
    "STATUS_CIPHER_FAILED",
    "STATUS_OK",
    "STATUS_REPLAYED",
    "STATUS_TOO_OLD",
    "TAG_BYTES",
    "WINDOW_PACKETS",
    "SrtpError",
    "SrtpSession",
    "check_key",
    "check_seam",
    "ffi",
    "lib",
    "protect",
    "receiver",
    "repeater",
    "sender",
    "unprotect",
]
