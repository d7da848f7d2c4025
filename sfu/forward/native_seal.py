"""What protects for a peer of the native plane: a cipher of OpenSSL's, or libsrtp where that cannot be had.

AES-GCM needs no more of SRTP than a nonce (plane_seal.c), so libsrtp's streams are left out there. The cipher
is that of the OpenSSL which pylibsrtp's library carries. It gives no promise about these names, so before it
is used it has to protect a packet exactly as libsrtp does.
"""

from __future__ import annotations

import ctypes
import logging
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


class Sealer:
    """Protects what goes to a peer. Raises ValueError for a key of the wrong length."""

    def __init__(self, master: bytes) -> None:
        ffi, lib = extension()
        srtp.check_key(SrtpProfile.AEAD_AES_128_GCM, master)
        made = lib.sealer_new(derived(master, 0, KEY_BYTES), derived(master, 2, SALT_BYTES))
        if made == ffi.NULL:
            raise MemoryError("no memory for a cipher")
        self.pointer = ffi.gc(made, lib.sealer_free)
        self.tag_bytes = srtp.TAG_BYTES[SrtpProfile.AEAD_AES_128_GCM]

    def seal(self, packet: bytes, header: int, index: int) -> bytes:
        """The packet protected; `header` bytes stay readable, `index` is its number with the ROC."""
        ffi, lib = extension()
        buffer = ffi.new("uint8_t[]", len(packet) + self.tag_bytes)
        buffer[0 : len(packet)] = packet
        if not lib.sealer_seal(self.pointer, buffer, header, len(packet), index):
            raise ValueError("the cipher refused")
        return bytes(ffi.buffer(buffer))


Sender = Sealer | srtp.SrtpSession


def sender(profile: SrtpProfile, master: bytes) -> Sender:
    """What protects RTP for a peer with these keys. Raises ValueError for a key of the wrong length."""
    if profile == SrtpProfile.AEAD_AES_128_GCM and available():
        return Sealer(master)
    return srtp.sender(profile, master)


def command(made: Sender) -> tuple[int, int]:
    """The sender's address and what OP_KEYS is told of it."""
    if isinstance(made, Sealer):
        ffi, lib = extension()
        return int(ffi.cast("uintptr_t", made.pointer)), made.tag_bytes | lib.PLANE_SEALS
    return context_pointer(made), made.tag_bytes


@lru_cache(maxsize=1)
def available() -> bool:
    """Whether the cipher is there and does what libsrtp does."""
    ffi, lib = extension()
    try:
        library = ctypes.CDLL(_binding.__file__)
        found = [ctypes.cast(getattr(library, name), ctypes.c_void_p).value for name in FUNCTIONS]
    except (AttributeError, OSError) as error:
        log.info("libsrtp protects all media: %s", error)
        return False
    functions = ffi.new("plane_cipher *")
    for (name, field), pointer in zip(ffi.typeof("plane_cipher").fields, found, strict=True):
        setattr(functions, name, ffi.cast(field.type, pointer))
    lib.plane_use_cipher(functions)
    if not _agrees():
        log.info("libsrtp protects all media: the cipher beside it does something else")
        return False
    return True


def _agrees() -> bool:
    """Whether a packet comes out of both ways alike."""
    master = bytes(range(KEY_BYTES + SALT_BYTES))
    packet = b"\x80\x6f\x12\x34" + bytes(range(60))
    data = srtp.ffi.new("uint8_t[]", len(packet) + 64)
    data[0 : len(packet)] = packet
    size = srtp.ffi.new("int *", len(packet))
    session = srtp.sender(SrtpProfile.AEAD_AES_128_GCM, master)
    if srtp.protect(session.context, data, size) != srtp.STATUS_OK:
        return False
    try:
        return Sealer(master).seal(packet, 12, 0x1234) == bytes(srtp.ffi.buffer(data, size[0]))
    except (ValueError, MemoryError):
        return False
