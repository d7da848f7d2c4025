"""What protects and unprotects for a peer of the native plane: OpenSSL's cipher, or libsrtp without it.

AES-GCM needs no more of SRTP than a nonce (plane_seal.c), so libsrtp's streams are left out there. The cipher
is that of the OpenSSL which pylibsrtp's library carries. It gives no promise about these names, so before it
is used it has to protect a packet exactly as libsrtp does, and to refuse one that was changed.
"""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Iterator
from functools import lru_cache

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from pylibsrtp import _binding

from sfu.forward import srtp
from sfu.forward.contract import SrtpProfile
from sfu.forward.native_link import context_pointer, extension

# In the order of `plane_cipher`.
FUNCTIONS = (
    "EVP_CIPHER_CTX_new",
    "EVP_CIPHER_CTX_free",
    "EVP_aes_128_gcm",
    "EVP_CipherInit_ex",
    "EVP_Cipher",
    "EVP_CIPHER_CTX_ctrl",
)
KEY_BYTES, SALT_BYTES = 16, 12

log = logging.getLogger("atrium.sfu.forward")


def derived(master: bytes, label: int, size: int) -> bytes:
    """A session key (label 0) or salt (label 2) of a master key and salt (RFC 3711 §4.3, RFC 7714 §11)."""
    start = bytearray(master[KEY_BYTES:].ljust(16, b"\0"))
    start[7] ^= label
    stream = Cipher(algorithms.AES(master[:KEY_BYTES]), modes.CTR(bytes(start))).encryptor()
    return stream.update(bytes(size))


class _Keyed:
    """A cipher with a master key and salt. Raises ValueError for a key of the wrong length."""

    seals: bool

    def __init__(self, master: bytes) -> None:
        ffi, lib = extension()
        srtp.check_key(SrtpProfile.AEAD_AES_128_GCM, master)
        made = lib.sealer_new(derived(master, 0, KEY_BYTES), derived(master, 2, SALT_BYTES), self.seals)
        if made == ffi.NULL:
            raise MemoryError("no memory for a cipher")
        self.pointer = ffi.gc(made, lib.sealer_free)
        self.tag_bytes = srtp.TAG_BYTES[SrtpProfile.AEAD_AES_128_GCM]


class Sealer(_Keyed):
    """Protects what goes to a peer."""

    seals = True

    def seal(self, packet: bytes, header: int, index: int) -> bytes:
        """The packet protected; `header` bytes stay readable, `index` is its number with the ROC."""
        ffi, lib = extension()
        buffer = ffi.new("uint8_t[]", packet + bytes(self.tag_bytes))
        if not lib.sealer_seal(self.pointer, buffer, header, len(packet), index):
            raise ValueError("the cipher refused")
        return bytes(ffi.buffer(buffer, len(packet) + self.tag_bytes))


class Opener(_Keyed):
    """Unprotects what comes from a peer."""

    seals = False

    def open(self, packet: bytes, header: int, index: int) -> bytes:
        """What `Sealer.seal` was given. Raises ValueError for anything else."""
        ffi, lib = extension()
        size = len(packet) - self.tag_bytes
        buffer = ffi.new("uint8_t[]", packet)
        if not lib.sealer_open(self.pointer, buffer, header, size, index):
            raise ValueError("not what was sealed")
        return bytes(ffi.buffer(buffer, size))


Receiver = Opener | srtp.SrtpSession
Sender = Sealer | srtp.SrtpSession


def sessions(profile: SrtpProfile, receive: bytes, send: bytes) -> tuple[Receiver, Sender]:
    """What unprotects and protects RTP of a peer with these keys, both in the same way.

    Raises ValueError for a key of the wrong length."""
    if profile == SrtpProfile.AEAD_AES_128_GCM and available():
        return Opener(receive), Sealer(send)
    return srtp.receiver(profile, receive), srtp.sender(profile, send)


def pointer(made: Receiver | Sender) -> int:
    """Its address, as OP_KEYS takes it: that of a sealer or of libsrtp's context."""
    if isinstance(made, _Keyed):
        ffi, _ = extension()
        return int(ffi.cast("uintptr_t", made.pointer))
    return context_pointer(made)


def kind(made: Sender) -> int:
    """What OP_KEYS is told of it: the bytes of its tag, and whether it is a sealer."""
    _, lib = extension()
    return made.tag_bytes | (lib.PLANE_SEALS if isinstance(made, Sealer) else 0)


@lru_cache(maxsize=1)
def available() -> bool:
    """Whether the cipher is there and does what libsrtp does."""
    ffi, lib = extension()
    try:
        library = ctypes.CDLL(_binding.__file__)
        found = [ctypes.cast(getattr(library, name), ctypes.c_void_p).value for name in FUNCTIONS]
    except (AttributeError, OSError) as error:
        log.info("libsrtp takes care of all media: %s", error)
        return False
    functions = ffi.new("plane_cipher *")
    for (name, field), pointer in zip(ffi.typeof("plane_cipher").fields, found, strict=True):
        setattr(functions, name, ffi.cast(field.type, pointer))
    lib.plane_use_cipher(functions)
    if not _agrees():
        log.info("libsrtp takes care of all media: the cipher beside it does something else")
        return False
    return True


def _agrees() -> bool:
    """Whether a packet comes out of both ways alike, goes back, and does not when it was changed."""
    master = bytes(range(KEY_BYTES + SALT_BYTES))
    packet = b"\x80\x6f\x12\x34" + bytes(range(60))
    data = srtp.ffi.new("uint8_t[]", len(packet) + 64)
    data[0 : len(packet)] = packet
    size = srtp.ffi.new("int *", len(packet))
    session = srtp.sender(SrtpProfile.AEAD_AES_128_GCM, master)
    if srtp.protect(session.context, data, size) != srtp.STATUS_OK:
        return False
    protected = bytes(srtp.ffi.buffer(data, size[0]))
    try:
        opener = Opener(master)
        if (
            Sealer(master).seal(packet, 12, 0x1234) != protected
            or opener.open(protected, 12, 0x1234) != packet
        ):
            return False
    except (ValueError, MemoryError):
        return False
    return not any(_opens(opener, changed) for changed in _changed(protected))


def _opens(opener: Opener, packet: bytes) -> bool:
    try:
        opener.open(packet, 12, 0x1234)
    except ValueError:
        return False
    return True


def _changed(packet: bytes) -> Iterator[bytes]:
    """The packet with a bit changed in its header, its payload and its tag."""
    for at in (1, len(packet) // 2, -1):
        changed = bytearray(packet)
        changed[at] ^= 1
        yield bytes(changed)
