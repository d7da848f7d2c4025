"""DTLS-SRTP of one peer (RFC 5764): we are the server, OpenSSL's client is on the other end of a list."""

from __future__ import annotations

import asyncio

import pytest
from aiortc.rtcdtlstransport import RTCCertificate

from sfu.forward.contract import SrtpProfile
from sfu.transport import dtls
from sfu.transport.dtls import MAX_LATE_FLIGHTS, MAX_QUEUED, DtlsPeer, Identity, SrtpKeys, sha256_fingerprint
from tests.support.media_worker import until
from web.load.dtls_client import CM80, GCM, OpenSslClient


class Wire:
    """A server and a client with lists between them."""

    def __init__(
        self, client: OpenSslClient | None = None, fingerprints: tuple[tuple[str, str], ...] | None = None
    ) -> None:
        self.client = client or OpenSslClient()
        self.to_client: list[bytes] = []
        self.keys: list[SrtpKeys] = []
        self.ended: list[str] = []
        self.server = DtlsPeer(
            Identity().certificate(),
            self.client.fingerprints if fingerprints is None else fingerprints,
            self.to_client.append,
            self.keys.append,
            self.ended.append,
        )

    async def run(self, turns: int = 30) -> None:
        """Carry datagrams to and fro until nothing moves."""
        outgoing = self.client.step()
        self.server.start()
        for _ in range(turns):
            for data in outgoing:
                self.server.feed(data)
            await asyncio.sleep(0.002)
            outgoing = [out for data in self.to_client for out in self.client.step(data)]
            self.to_client.clear()


@pytest.mark.parametrize(
    ("offered", "chosen", "name"),
    [
        ((CM80, GCM), SrtpProfile.AEAD_AES_128_GCM, GCM),
        ((GCM,), SrtpProfile.AEAD_AES_128_GCM, GCM),
        ((CM80,), SrtpProfile.AES_CM_128_HMAC_SHA1_80, CM80),
    ],
)
async def test_both_ends_get_the_same_keys_and_gcm_wins_whatever_the_clients_order(
    offered: tuple[bytes, ...], chosen: SrtpProfile, name: bytes
) -> None:
    wire = Wire(OpenSslClient(offered))
    await wire.run()
    profile, sends, receives = wire.client.keys()
    assert profile == name
    assert wire.keys == [SrtpKeys(chosen, receive=sends, send=receives)]
    wire.server.close()


async def test_rtcp_is_protected_for_the_client_and_authenticated_from_it() -> None:
    wire = Wire()
    assert wire.server.protect_rtcp(bytes(8)) is None
    await wire.run()
    report = bytes.fromhex("80c9000100000001")
    protected = wire.server.protect_rtcp(report)
    assert protected is not None
    assert protected[8:] != report[8:] or len(protected) > len(report)
    # Only the other side has the key to what we send: our own packet is not from the client.
    assert wire.server.unprotect_rtcp(protected) is None
    assert wire.server.unprotect_rtcp(b"\x80\xc9") is None
    assert wire.server.unprotect_rtcp(bytes(5000)) is None
    assert wire.server.protect_rtcp(bytes(5000)) is None
    wire.server.close()


async def test_a_certificate_with_another_fingerprint_fails() -> None:
    wire = Wire(fingerprints=(("sha-256", ":".join(["00"] * 32)),))
    await wire.run()
    assert wire.ended == ["failed"]
    assert wire.keys == []


async def test_one_wrong_fingerprint_among_right_ones_fails() -> None:
    client = OpenSslClient()
    wire = Wire(client, (*client.fingerprints, ("sha-256", ":".join(["00"] * 32))))
    await wire.run()
    assert wire.ended == ["failed"]


async def test_a_client_without_srtp_fails() -> None:
    """There is no plaintext RTP to fall back to."""
    wire = Wire(OpenSslClient(None))
    await wire.run()
    assert wire.ended == ["failed"]
    assert wire.keys == []


async def test_a_handshake_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dtls, "HANDSHAKE_SECONDS", 0.05)
    wire = Wire()
    wire.server.start()
    for data in wire.client.step():
        wire.server.feed(data)
    await until(lambda: wire.ended == ["timeout"], "it is given up")
    assert not wire.server.handshaking
    assert not wire.server.feed(b"\x16")


async def test_garbage_does_not_end_a_handshake() -> None:
    wire = Wire()
    wire.server.start()
    for size in (1, 5, 13, 14, 100, 1400):
        wire.server.feed(bytes([22]) + bytes(range(256))[: size - 1] * 1)
        wire.server.feed(bytes([22, 254, 253]) + bytes(size))
        await asyncio.sleep(0.001)
    await wire.run()
    assert len(wire.keys) == 1
    wire.server.close()


async def test_the_queue_in_is_bounded() -> None:
    wire = Wire()
    taken = sum(wire.server.feed(b"\x16\xfe\xfd" + bytes(10)) for _ in range(1000))
    assert taken == MAX_QUEUED
    wire.server.close()


async def test_the_clients_goodbye_ends_the_connection_once() -> None:
    wire = Wire()
    await wire.run()
    wire.client.ssl.shutdown()
    for data in wire.client.out():
        wire.server.feed(data)
    await until(lambda: wire.ended == ["closed"], "the goodbye is heard")
    wire.server.close()
    assert wire.ended == ["closed"]


async def test_closing_says_goodbye_and_calls_nobody() -> None:
    wire = Wire()
    await wire.run()
    wire.server.close()
    wire.server.close()
    for data in wire.to_client:
        wire.client.step(data)
    assert wire.client.closed
    await asyncio.sleep(0.01)
    assert wire.ended == []


async def test_closing_before_and_during_the_handshake_leaves_nothing_behind() -> None:
    before = asyncio.all_tasks()
    idle, busy = Wire(), Wire()
    idle.server.close()
    idle.server.start()
    busy.server.start()
    for data in busy.client.step():
        busy.server.feed(data)
    await asyncio.sleep(0.005)
    busy.server.close()
    await until(lambda: asyncio.all_tasks() == before, "every task ends")
    assert (idle.ended, busy.ended) == ([], [])


async def test_application_data_is_refused_and_repeated_flights_are_taken_within_a_bound() -> None:
    """There is no data channel: what OpenSSL would only pile up does not reach it."""
    wire = Wire()
    await wire.run()
    wire.client.ssl.send(b"hello")
    assert not any(wire.server.feed(data) for data in wire.client.out())
    flight = (bytes([22, 254, 253]) + bytes(8) + b"\x00\x01x") * 2
    taken = 0
    for _ in range(3 * MAX_LATE_FLIGHTS):
        taken += wire.server.feed(flight)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert taken == MAX_LATE_FLIGHTS
    assert wire.ended == []
    wire.server.close()


def test_the_certificate_is_kept_until_it_is_old(monkeypatch: pytest.MonkeyPatch) -> None:
    identity = Identity()
    first = identity.certificate()
    assert identity.certificate() is first
    monkeypatch.setattr(dtls, "CERTIFICATE_AGE", dtls.CERTIFICATE_AGE * 3)
    assert identity.certificate() is not first


def test_the_fingerprint_is_the_sha_256_of_the_certificate() -> None:
    value = sha256_fingerprint(RTCCertificate.generateCertificate())
    assert len(value.split(":")) == 32
    assert value == value.upper()
