"""What strangers and liars do to the media port while a session runs: nothing is lost for the others."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace

import pytest

from sfu.transport import dtls
from sfu.transport.ice import ERRORS_PER_SECOND
from sfu.worker import MediaSettings, Worker
from signaling.bus import InProcessBus
from signaling.control import (
    AcceptPlay,
    AcceptPublish,
    Answer,
    ConnectionChanged,
    Failed,
    Restarted,
    RestartIce,
)
from tests.support import stun_client
from tests.support.media_worker import EVENTS, WorkerUnderTest, hear, running_worker, until
from tests.support.scripted_client import (
    AUDIO,
    OPUS_FRAME,
    PROFILES,
    VIDEO,
    VP8_KEYFRAME,
    ScriptedClient,
    far_side,
)


@dataclass
class Call:
    """Somebody who sends, and somebody who receives it on one audio and one video slot."""

    sfu: WorkerUnderTest
    speaker: ScriptedClient
    listener: ScriptedClient

    async def heard(self, packets: int = 3) -> int:
        """Send some packets of each kind; how many arrive at the listener."""
        before = sum(self.listener.rtp.values())
        for _ in range(packets):
            self.speaker.send_rtp(1111, AUDIO, OPUS_FRAME)
            self.speaker.send_rtp(2222, VIDEO, VP8_KEYFRAME)
        for _ in range(20):
            await asyncio.sleep(0.01)
            self.listener.receive()
            self.speaker.receive()
        return sum(self.listener.rtp.values()) - before

    def dropped(self, reason: str) -> float:
        """So many so far; a reason is in the metrics from its first packet on."""
        return (
            self.sfu.registry.get_sample_value("atrium_sfu_packets_dropped_total", {"reason": reason}) or 0.0
        )


@pytest.fixture
async def call() -> AsyncIterator[Call]:
    async with running_worker() as sfu:
        speaker, listener = ScriptedClient(), ScriptedClient()
        offer = speaker.offer("av", ssrcs=(1111, 2222))
        answer = await sfu.expect(AcceptPublish("speaker", "hall", EVENTS, offer, {}), Answer)
        await speaker.connect(answer.sdp)
        played = await sfu.expect(
            AcceptPlay("listener", "hall", EVENTS, listener.offer("av", "recvonly")), Answer
        )
        await listener.connect(played.sdp)
        await sfu.routes(("listener", "hall", [hear(0, "speaker"), hear(0, "speaker", "camera")]))
        made = Call(sfu, speaker, listener)
        assert await made.heard() == 6
        yield made
        speaker.close()
        listener.close()


@pytest.fixture
def stranger() -> Iterator[socket.socket]:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(("127.0.0.1", 0))
    made.setblocking(False)
    yield made
    made.close()


async def replies(stranger: socket.socket) -> list[bytes]:
    await asyncio.sleep(0.1)
    came = []
    while True:
        try:
            came.append(stranger.recv(4096))
        except BlockingIOError:
            return came


# --- strangers -------------------------------------------------------------------------------------


async def test_random_datagrams_are_dropped_and_nobody_notices(call: Call, stranger: socket.socket) -> None:
    seeded = random.Random(42)
    for index in range(3000):
        stranger.sendto(seeded.randbytes(seeded.randrange(0, 1400)), call.sfu.address)
        if index % 100 == 0:
            await asyncio.sleep(0)
    assert await replies(stranger) == []
    assert await call.heard() == 6
    media = call.sfu.worker.media
    assert (len(media.sessions), len(media.producers), len(media.slots)) == (2, 2, 2)


async def test_a_flood_of_forged_checks_moves_nobody_and_is_barely_answered(
    call: Call, stranger: socket.socket
) -> None:
    forged = stun_client.check(call.listener.far.ufrag, "not-the-password-0123456789")
    for index in range(2000):
        stranger.sendto(forged, call.sfu.address)
        if index % 100 == 0:
            await asyncio.sleep(0)
    came = await replies(stranger)
    assert len(came) <= 2 * ERRORS_PER_SECOND
    assert all(len(reply) <= len(forged) for reply in came)
    assert call.dropped("stun_bad_integrity") > 100
    assert await call.heard() == 6


async def test_a_handshake_from_elsewhere_gets_no_answer(call: Call, stranger: socket.socket) -> None:
    hello = call.speaker.hello()
    assert hello[0] == 22
    for _ in range(50):
        stranger.sendto(hello, call.sfu.address)
    assert await replies(stranger) == []
    assert call.dropped("dtls_from_stranger") == 50
    assert await call.heard() == 6


async def test_media_from_elsewhere_is_not_forwarded(call: Call) -> None:
    elsewhere = call.speaker.new_socket()
    home, call.speaker.socket = call.speaker.socket, elsewhere
    assert await call.heard() == 0
    assert call.dropped("unknown_source") == 6
    call.speaker.socket = home
    assert await call.heard() == 6


async def test_a_checked_address_without_nomination_receives_nothing(call: Call) -> None:
    elsewhere = call.listener.new_socket()
    await call.listener.check(elsewhere, nominate=False)
    assert await call.heard() == 6
    assert await replies(elsewhere) == []


# --- a peer that moves -----------------------------------------------------------------------------


async def test_a_listener_whose_nat_gave_it_another_port_is_followed(call: Call) -> None:
    call.listener.socket = call.listener.new_socket()
    assert await call.heard() == 0
    await call.listener.check()
    assert await call.heard() == 6


async def test_a_speaker_on_another_network_is_followed(call: Call) -> None:
    call.speaker.socket = call.speaker.new_socket()
    await call.speaker.check()
    assert await call.heard() == 6


async def test_a_restart_moves_both_connections_to_another_network_while_media_goes_on() -> None:
    async with running_worker() as sfu:
        up, down = ScriptedClient(), ScriptedClient()
        offer = up.offer("av", ssrcs=(1111, 2222))
        answer = await sfu.expect(AcceptPublish("alice", "hall", EVENTS, offer, {}), Answer)
        await up.connect(answer.sdp)
        played = await sfu.expect(AcceptPlay("alice", "hall", EVENTS, down.offer("av", "recvonly")), Answer)
        await down.connect(played.sdp)
        await sfu.routes(("alice", "hall", [hear(0, "alice"), hear(0, "alice", "camera")]))
        call = Call(sfu, up, down)
        assert await call.heard() == 6
        events, before = len(sfu.events), (up.far, down.far)
        fresh = await sfu.expect(RestartIce("alice"), Restarted)
        assert fresh.subscribe is not None
        assert await call.heard() == 6  # over the old way, while the new one is looked for
        for client, credentials in ((up, fresh.publish), (down, fresh.subscribe)):
            client.far = replace(client.far, ufrag=credentials.ufrag, password=credentials.password)
            client.socket = client.new_socket()
            await client.check()
        assert await call.heard() == 6
        # What the old network still says late is answered, and moves nobody back.
        for client, far in zip((up, down), before, strict=True):
            new, client.far = client.far, far
            await client.check(client.new_socket())
            client.far = new
        assert await call.heard() == 6
        told = [event for event in sfu.events[events:] if isinstance(event, ConnectionChanged)]
        assert told == []
        up.close()
        down.close()


async def test_a_restart_of_nobody_is_refused(call: Call) -> None:
    for session in ("nobody", "listener"):  # who only plays has no session of a browser's
        refused = await call.sfu.expect(RestartIce(session), Failed)
        assert refused.code == "unknown_session"
    assert await call.heard() == 6


# --- a liar with keys ------------------------------------------------------------------------------


async def test_a_flood_of_ssrcs_opens_nothing(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    media = call.sfu.worker.media
    told: list[int] = []
    monkeypatch.setattr(media.reports, "unknown_ssrc", lambda peer, ssrc, *_: told.append(ssrc))
    for number in range(500):
        call.speaker.send_rtp(50_000 + number, AUDIO, OPUS_FRAME)
        if number % 50 == 0:
            await asyncio.sleep(0)
    assert await call.heard() == 6
    assert len(media.producers) == 2
    assert call.dropped("unknown_ssrc") == 500
    assert len(told) == 16  # the contract's bound for one peer


async def test_rtcp_that_makes_no_sense_is_counted_and_forgotten(call: Call) -> None:
    seeded = random.Random(7)
    for client in (call.speaker, call.listener):
        for _ in range(300):
            kind = seeded.choice([200, 201, 202, 203, 205, 206, 207, 192])
            body = seeded.randbytes(4 * seeded.randrange(1, 60))
            words = seeded.choice([len(body) // 4, 0xFFFF, 0])
            client.send_rtcp(struct.pack("!BBH", 0x80 | seeded.randrange(64), kind, words) + body)
        await asyncio.sleep(0.02)
    assert await call.heard() == 6


async def test_rtcp_without_the_right_key_is_dropped(call: Call) -> None:
    call.speaker.send_raw(struct.pack("!BBHI", 0x80, 200, 6, 1111) + bytes(60))
    assert await call.heard() == 6
    assert call.dropped("srtcp") == 1


async def test_who_floods_us_with_rtcp_is_read_no_further_and_others_are(call: Call) -> None:
    large = struct.pack("!BBHII", 0x81, 206, 2, 1, 2) * 100  # a hundred keyframe requests each
    for _ in range(400):
        call.listener.send_rtcp(large)
        await asyncio.sleep(0)
    await until(lambda: call.dropped("too_much_rtcp") > 200, "most are not looked at")
    call.speaker.send_rtcp(struct.pack("!BBHII", 0x80, 200, 0xFFFF, 1, 2))  # broken, and that is seen
    await until(lambda: call.sfu.metric("atrium_sfu_rtcp_malformed_total") == 1, "the other one is read")
    assert await call.heard() == 6


async def test_a_flood_of_nacks_is_answered_within_its_budget(call: Call) -> None:
    slot = next(entry for entry in call.sfu.worker.media.slots.values() if entry.kind == "video")
    last = call.sfu.worker.media.forwarder.slot_state(slot.handle).last_sequence
    nack = struct.pack("!BBHIIHH", 0x81, 205, 3, 1, slot.params.ssrc, last, 0)
    loop = asyncio.get_running_loop()
    begun = loop.time()
    for _ in range(500):
        call.listener.send_rtcp(nack)
    await until(lambda: call.sfu.metric("atrium_sfu_nacks_received_total") == 500, "all are read")
    most = 1 + (loop.time() - begun) / 0.040  # one packet is repeated every 40 ms at most
    assert 1 <= call.sfu.metric("atrium_sfu_retransmitted_total") <= most


async def test_a_flood_of_keyframe_requests_becomes_a_few(call: Call) -> None:
    slot = next(entry for entry in call.sfu.worker.media.slots.values() if entry.kind == "video")
    before = call.sfu.metric("atrium_sfu_keyframe_requests_total")
    loop = asyncio.get_running_loop()
    begun = loop.time()
    for _ in range(500):
        call.listener.send_rtcp(struct.pack("!BBHII", 0x81, 206, 2, 1, slot.params.ssrc))
    await asyncio.sleep(0.4)
    most = 1 + (loop.time() - begun) / 0.3
    assert 1 <= call.sfu.metric("atrium_sfu_keyframe_requests_total") - before <= most
    call.speaker.receive()
    asked = [data for data in call.speaker.rtcp if struct.pack("!BBH", 0x81, 206, 2) in data]
    assert asked


async def test_a_certificate_that_the_sdp_does_not_name_is_refused(call: Call) -> None:
    thief = ScriptedClient()
    offer = _other_fingerprint(thief.offer("a", ssrcs=(7,)))
    answer = await call.sfu.expect(AcceptPublish("thief", "hall", EVENTS, offer, {}), Answer)
    await thief.connect(answer.sdp)
    await until(
        lambda: ConnectionChanged("thief", "publish", "failed", "w1") in call.sfu.events,
        "the thief is refused",
    )
    assert "thief" not in call.sfu.worker.media.sessions
    thief.close()


def _other_fingerprint(offer: str) -> str:
    head, _, rest = offer.partition("a=fingerprint:sha-256 ")
    return head + "a=fingerprint:sha-256 " + ":".join(["11"] * 32) + rest[95:]


async def test_a_handshake_that_goes_nowhere_is_given_up(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dtls, "HANDSHAKE_SECONDS", 0.2)
    client = ScriptedClient()
    answer = await call.sfu.expect(
        AcceptPublish("slow", "hall", EVENTS, client.offer("a", ssrcs=(7,)), {}), Answer
    )
    client.far = far_side(answer.sdp)
    await client.check()
    client.send_raw(client.hello())
    await until(
        lambda: ConnectionChanged("slow", "publish", "failed", "w1") in call.sfu.events, "it is given up"
    )
    client.close()


# --- the polite side -------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", PROFILES, ids=[name.decode() for name in PROFILES])
async def test_each_protection_profile_carries_media(profile: bytes) -> None:
    async with running_worker() as sfu:
        speaker, listener = ScriptedClient((profile,)), ScriptedClient()
        offer = speaker.offer("av", ssrcs=(1111, 2222))
        await speaker.connect((await sfu.expect(AcceptPublish("s", "hall", EVENTS, offer, {}), Answer)).sdp)
        offer = listener.offer("av", "recvonly")
        await listener.connect((await sfu.expect(AcceptPlay("l", "hall", EVENTS, offer), Answer)).sdp)
        await sfu.routes(("l", "hall", [hear(0, "s"), hear(0, "s", "camera")]))
        assert await Call(sfu, speaker, listener).heard() == 6
        assert speaker.profile == profile
        # Who offers both gets GCM, whatever its order: the server chooses.
        assert listener.profile == b"SRTP_AEAD_AES_128_GCM"
        speaker.close()
        listener.close()


async def test_an_offer_without_ssrcs_is_bound_by_mid(call: Call) -> None:
    client = ScriptedClient()
    offer = client.offer("aav", mid=5)
    answer = await call.sfu.expect(AcceptPublish("mids", "hall", EVENTS, offer, {}), Answer)
    await client.connect(answer.sdp)
    client.send_rtp(31, AUDIO, OPUS_FRAME)  # no MID, and two m-lines with this payload type: nobody's
    client.send_rtp(32, AUDIO, OPUS_FRAME, (5, "1"))
    client.send_rtp(33, VIDEO, VP8_KEYFRAME, (5, "2"))
    client.send_rtp(34, AUDIO, OPUS_FRAME, (5, "2"))  # an audio packet with the camera's MID
    client.send_rtp(35, AUDIO, OPUS_FRAME, (5, "1"))  # a second SSRC for the same source
    await asyncio.sleep(0.1)
    bound = {p.mid: p.ssrc for p in call.sfu.worker.media.producers.values() if p.session == "mids"}
    assert bound == {"0": 0, "1": 32, "2": 33}
    client.close()


async def test_the_server_says_goodbye_when_it_closes_a_session(call: Call) -> None:
    await call.sfu.close_session("listener")
    await asyncio.sleep(0.05)
    call.listener.receive()
    assert call.listener.goodbye
    assert await call.heard() == 0


async def test_a_busy_port_is_named() -> None:
    taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    taken.bind(("127.0.0.1", 0))
    port = taken.getsockname()[1]
    bus = InProcessBus()
    with pytest.raises(OSError, match=f"UDP 127.0.0.1 port {port} for media: Address already in use"):
        await Worker("w", bus, MediaSettings("127.0.0.1", port)).start()
    taken.close()
    await bus.close()


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (MediaSettings("0.0.0.0", 0), "say which address"),
        (MediaSettings("127.0.0.1", 0, ["example.org"]), "not an IP address"),
        (MediaSettings("127.0.0.1", 0, ["::"]), "none that they could"),
    ],
)
async def test_an_address_that_no_client_could_reach_is_refused(settings: MediaSettings, reason: str) -> None:
    bus = InProcessBus()
    with pytest.raises(ValueError, match=reason):
        await Worker("w", bus, settings).start()
    await bus.close()
