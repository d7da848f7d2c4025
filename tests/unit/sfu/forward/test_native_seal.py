"""How the native plane protects what leaves: against RFC 7714 and against libsrtp."""

from __future__ import annotations

import os
import struct

import pytest

from sfu.forward import native, native_seal, srtp
from sfu.forward.contract import SrtpProfile
from sfu.forward.native_link import extension
from sfu.forward.native_seal import FUNCTIONS, Opener, Sealer, derived
from tests.support.plane_rig import Rig, payloads, plane_rig

pytestmark = pytest.mark.skipif(
    native.available() is not None, reason=f"no native plane: {native.available()}"
)

GCM = SrtpProfile.AEAD_AES_128_GCM


@pytest.fixture(autouse=True)
def here() -> None:
    assert native_seal.available(), f"pylibsrtp's library has no {FUNCTIONS}"


def packet(number: int, size: int = 40) -> bytes:
    """An RTP packet with this sequence number and an extension block of 4 bytes: 20 bytes of header."""
    head = struct.pack("!BBHII", 0x90, 111, number & 0xFFFF, 5, 0x5501A0B2)
    return head + b"\xbe\xde\x00\x01\x10\x05\x00\x00" + os.urandom(size)


def test_the_vector_of_rfc_7714() -> None:
    # §16.1.1: session key and salt are given, so nothing is derived.
    ffi, lib = extension()
    key = bytes.fromhex("000102030405060708090a0b0c0d0e0f")
    salt = bytes.fromhex("517569642070726f2071756f")
    plain = bytes.fromhex("8040f17b8041f8d35501a0b2") + b"Gallia est omnis divisa in partes tres"
    sealer, opener = (ffi.gc(lib.sealer_new(key, salt, seals), lib.sealer_free) for seals in (True, False))
    buffer = ffi.new("uint8_t[]", plain + bytes(16))
    assert lib.sealer_seal(sealer, buffer, 12, len(plain), 0xF17B)
    assert bytes(ffi.buffer(buffer, len(plain) + 16)) == bytes.fromhex(
        "8040f17b8041f8d35501a0b2"
        "f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833"
        "899d7f27beb16a9152cf765ee4390cce"
    )
    assert lib.sealer_open(opener, buffer, 12, len(plain), 0xF17B)
    assert bytes(ffi.buffer(buffer, len(plain))) == plain


def test_session_keys_are_those_of_rfc_3711() -> None:
    # Appendix B.3; its salt has 14 bytes.
    master = bytes.fromhex("E1F97A0D3E018BE0D64FA32C06DE4139" + "0EC675AD498AFEEBB6960B3AABE6")
    assert derived(master, 0, 16).hex().upper() == "C61E7A93744F39EE10734AFE3FF7A087"
    assert derived(master, 2, 14).hex().upper() == "30CBBC08863D8C85D49DB34A9AE1"


def test_the_windows_of_both_ways_are_the_same() -> None:
    assert extension()[1].PLANE_SEALED_NUMBERS == srtp.SEND_WINDOW_PACKETS
    assert extension()[1].PLANE_RECEIVED_NUMBERS == srtp.WINDOW_PACKETS


@pytest.mark.parametrize("start", [1, 32760, 65530])
def test_what_libsrtp_protects_is_the_same_across_a_rollover(start: int) -> None:
    master = os.urandom(28)
    sealer, theirs = Sealer(master), srtp.sender(GCM, master)
    buffer, size = srtp.ffi.new("uint8_t[]", 256), srtp.ffi.new("int *")
    for number in [*range(start, start + 20), *range(start + 20, start + 90000, 20000)]:
        data = packet(number)
        buffer[0 : len(data)] = data
        size[0] = len(data)
        assert srtp.protect(theirs.context, buffer, size) == srtp.STATUS_OK
        assert sealer.seal(data, 20, number) == bytes(srtp.ffi.buffer(buffer, size[0]))


@pytest.mark.parametrize("size", [0, 1, 15, 16, 1200])
def test_payloads_of_every_length_are_read_by_a_receiver(size: int) -> None:
    master = os.urandom(28)
    data = packet(77, size)
    sealed = Sealer(master).seal(data, 20, 77)
    buffer, length = srtp.ffi.new("uint8_t[]", sealed), srtp.ffi.new("int *", len(sealed))
    assert srtp.unprotect(srtp.receiver(GCM, master).context, buffer, length) == srtp.STATUS_OK
    assert bytes(srtp.ffi.buffer(buffer, length[0])) == data
    assert Opener(master).open(sealed, 20, 77) == data


def test_nothing_that_was_changed_is_opened() -> None:
    master = os.urandom(28)
    data = packet(77)
    sealed, opener = Sealer(master).seal(data, 20, 77), Opener(master)
    for at in range(len(sealed)):
        changed = bytearray(sealed)
        changed[at] ^= 1 << at % 8
        with pytest.raises(ValueError, match="not what was sealed"):
            opener.open(bytes(changed), 20, 77)
    for index in (76, 78, 77 + 0x10000):
        with pytest.raises(ValueError, match="not what was sealed"):
            opener.open(sealed, 20, index)
    with pytest.raises(ValueError, match="not what was sealed"):
        Opener(os.urandom(28)).open(sealed, 20, 77)
    assert opener.open(sealed, 20, 77) == data


async def test_without_the_cipher_libsrtp_protects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native_seal, "available", lambda: False)

    async def forwarded(rig: Rig) -> None:
        source = rig.source()
        slot, listener = rig.slot()
        rig.forwarder.route(slot, source.handle)
        sent = payloads(source.send(3, key=True))
        await rig.settle()
        assert payloads(listener.receive()) == sent

    with plane_rig(native.NativeForwarder) as rig:
        await forwarded(rig)


async def test_other_names_in_the_library_leave_it_to_libsrtp(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native_seal, "FUNCTIONS", ("EVP_such_a_thing", *FUNCTIONS[1:]))
    assert not native_seal.available.__wrapped__()
    for made in native_seal.sessions(SrtpProfile.AES_CM_128_HMAC_SHA1_80, bytes(30), bytes(30)):
        assert isinstance(made, srtp.SrtpSession)


def test_a_cipher_that_opens_what_was_changed_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    assert native_seal.available.__wrapped__()
    monkeypatch.setattr(
        Opener, "open", lambda self, packet, header, index: b"\x80\x6f\x12\x34" + bytes(range(60))
    )
    assert not native_seal.available.__wrapped__()
