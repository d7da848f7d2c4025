"""People who publish recordings: a voice and a camera of three layers, made once by real encoders.

They are sent in real time by scripted clients, each in its own session, so that a browser can be one listener
among many speakers. A keyframe is had by beginning the recording anew, on all layers, as browsers do.
"""

from __future__ import annotations

import asyncio
import functools
import random
import struct
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction

import av

from signaling.control import AcceptPublish, Answer
from tests.support import stun_client
from tests.support.layer_source import describe
from tests.support.media_worker import EVENTS, WorkerUnderTest
from tests.support.scripted_client import AUDIO, VIDEO, ScriptedClient

# RID, width, height, bit/s: much as Chromium sends a camera of this size.
LAYERS = (("q", 200, 112, 150_000), ("h", 400, 224, 500_000), ("f", 800, 448, 1_500_000))
FPS, SECONDS = 15, 2
SNOW = 20  # every so many rows
VOICE_BITRATE = 24_000
SAMPLES = 960  # of 20 ms at 48 kHz
PAYLOAD = 1_100
MID, RID = 1, 2  # ids of the extensions
NTP_EPOCH = 2_208_988_800
PLI = (206, 1)
# A voice is reported once in so many reports of the camera, which are a second apart (Chromium: 3.6 to 7 s).
VOICE_REPORTS = 4
# A client shows so often (s) that it is still there (RFC 7675).
CHECK_SECONDS = 2.0


@dataclass(frozen=True)
class Picture:
    """One encoded picture."""

    data: bytes
    keyframe: bool


@functools.cache
def camera(width: int, height: int, bitrate: int) -> tuple[Picture, ...]:
    """SECONDS of something that moves, as VP8 of this rate; the first picture alone is a keyframe."""
    encoder = av.CodecContext.create("libvpx", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.bit_rate, encoder.framerate = bitrate, Fraction(FPS)
    encoder.options = {
        "deadline": "realtime",
        "cpu-used": "8",
        "lag-in-frames": "0",
        "g": "9999",
        "minrate": str(bitrate),
        "maxrate": str(bitrate),
        "bufsize": str(bitrate // 2),
    }
    seeded = random.Random(1)
    stride = av.VideoFrame(width, height, "yuv420p").planes[0].line_size
    # A cloth that is pulled through the picture, and in some of its rows snow, which no encoder foresees.
    cloth = b"".join(_row(seeded.randbytes(width // 8), stride) * 8 for _ in range(height // 8 + 30))
    pictures: list[Picture] = []
    for number in range(FPS * SECONDS):
        frame = av.VideoFrame(width, height, "yuv420p")
        for index, plane in enumerate(frame.planes):
            if index:
                plane.update(bytes([128]) * plane.buffer_size)
                continue
            lines = bytearray(cloth[2 * number * stride :][: plane.buffer_size])
            for row in range(0, height, SNOW):
                lines[row * stride : (row + 1) * stride] = _row(seeded.randbytes(width // 2), stride)
            plane.update(bytes(lines))
        frame.pts = number
        pictures += [Picture(bytes(packet), packet.is_keyframe) for packet in encoder.encode(frame)]
    pictures += [Picture(bytes(packet), packet.is_keyframe) for packet in encoder.encode(None)]
    assert [picture.keyframe for picture in pictures] == [True] + [False] * (len(pictures) - 1)
    return tuple(pictures)


def _row(values: bytes, stride: int) -> bytes:
    """One row of a picture in which each value stands for several dots side by side."""
    wide = stride // len(values)
    return bytes(value for value in values for _ in range(wide)).ljust(stride, b"\0")


@functools.cache
def voice() -> tuple[bytes, ...]:
    """SECONDS of a voice-like sound as opus packets of 20 ms."""
    encoder = av.CodecContext.create("libopus", "w")
    assert isinstance(encoder, av.AudioCodecContext)
    encoder.sample_rate, encoder.layout, encoder.format = 48_000, "mono", "s16"
    encoder.bit_rate = VOICE_BITRATE
    seeded = random.Random(2)
    packets: list[bytes] = []
    tone = 0.0
    for number in range(SECONDS * 50):
        frame = av.AudioFrame(format="s16", layout="mono", samples=SAMPLES)
        swell = 6_000 if number % 20 < 12 else 600
        values = []
        for _ in range(SAMPLES):
            tone = 0.9 * tone + 0.1 * seeded.uniform(-1, 1)
            values.append(int(swell * tone * 3))
        frame.planes[0].update(struct.pack(f"<{SAMPLES}h", *values))
        frame.sample_rate, frame.pts = 48_000, number * SAMPLES
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    return tuple(packets)


class _Stream:
    """One encoding on its way: its numbers go on where its recording begins anew."""

    def __init__(self, ssrc: int, rid: str, pictures: tuple[Picture, ...], seed: random.Random) -> None:
        self.ssrc, self.rid, self.pictures = ssrc, rid, pictures
        self.base = seed.getrandbits(32)
        self.place = 0
        self.picture, self.tl0, self.key = (seed.getrandbits(bits) for bits in (15, 8, 5))

    def take(self) -> list[bytes]:
        """The payloads of the next picture."""
        now = self.pictures[self.place]
        self.place = (self.place + 1) % len(self.pictures)
        self.key += now.keyframe
        self.tl0 += 1
        self.picture += 1
        payloads = []
        for at in range(0, len(now.data), PAYLOAD):
            head = describe(self.picture, self.tl0, self.key, 0, False, now.keyframe, at == 0)[:-1]
            payloads.append(head + now.data[at : at + PAYLOAD])
        return payloads


class RecordedPerson:
    """One session that publishes a voice and, with `layers`, a camera."""

    def __init__(self, session: str, number: int, layers: int = 3) -> None:
        seed = random.Random(number)
        self.session = session
        self.client = ScriptedClient()
        self.voice_ssrc = 10_000 + 10 * number
        self._voice_base = seed.getrandbits(32)
        self._streams = [
            _Stream(self.voice_ssrc + 1 + index, rid, camera(width, height, bitrate), seed)
            for index, (rid, width, height, bitrate) in enumerate(LAYERS[:layers])
        ]
        self._begun = self._begun_wall = self._checked = 0.0
        self._spoken = self._shown = self._reported = 0
        self._muted_at: float | None = None
        self._silence = 0.0  # s in which nothing was said: the voice's timestamps stood still

    async def publish(self, sfu: WorkerUnderTest, router: str) -> None:
        """Connect; `tick` then sends what is due."""
        offer = self.client.offer("av" if self._streams else "a", mid=MID)
        if self._streams:
            offer += "\r\n".join(
                [
                    f"a=extmap:{RID} urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
                    *(f"a=rid:{stream.rid} send" for stream in self._streams),
                    f"a=simulcast:send {';'.join(stream.rid for stream in self._streams)}",
                    "",
                ]
            )
        answer = await sfu.expect(AcceptPublish(self.session, router, EVENTS, offer, {}), Answer)
        await self.client.connect(answer.sdp)
        self._begun, self._begun_wall = asyncio.get_running_loop().time(), time.time()

    def mute(self, muted: bool) -> None:
        """The voice stops, or goes on; its timestamps stand still meanwhile, as Chromium's do."""
        now = asyncio.get_running_loop().time()
        if muted and self._muted_at is None:
            self._muted_at = now
        elif not muted and self._muted_at is not None:
            self._silence += now - self._muted_at
            self._muted_at = None

    def tick(self, now: float) -> None:
        """Send what is due at `now`, and what was asked for."""
        self.client.receive()
        for compound in self.client.rtcp:
            if self._streams and _asks_for_a_picture(compound):
                for stream in self._streams:
                    stream.place = 0
        self.client.rtcp.clear()
        if now - self._checked >= CHECK_SECONDS:
            self._checked = now
            far = self.client.far
            self.client.send_raw(stun_client.check(far.ufrag, far.password))
            self.client.replies.clear()
        passed = now - self._begun
        while self._muted_at is None and self._spoken * 0.02 + self._silence <= passed:
            packet = voice()[self._spoken % len(voice())]
            at = self._voice_base + self._spoken * SAMPLES
            self.client.send_rtp(self.voice_ssrc, AUDIO, packet, (MID, "0"), timestamp=at)
            self._spoken += 1
        while self._shown / FPS <= passed:
            for stream in self._streams:
                at = stream.base + self._shown * 90_000 // FPS
                payloads = stream.take()
                for index, payload in enumerate(payloads):
                    last = index == len(payloads) - 1
                    names = (MID, "1"), (RID, stream.rid)
                    self.client.send_rtp(stream.ssrc, VIDEO, payload, *names, timestamp=at, marker=last)
            self._shown += 1
        while self._reported <= passed:
            self._report(passed)
            self._reported += 1

    def _report(self, passed: float) -> None:
        voice_at = self._voice_base + round((passed - self._silence) * 48_000)
        clocks = [(stream.ssrc, stream.base + round(passed * 90_000)) for stream in self._streams]
        if self._reported % VOICE_REPORTS == 0:
            clocks.append((self.voice_ssrc, voice_at))
        ntp = int((self._begun_wall + passed + NTP_EPOCH) * 2**32)
        for ssrc, at in clocks:
            self.client.send_rtcp(struct.pack("!BBHIQIII", 0x80, 200, 6, ssrc, ntp, at & 0xFFFFFFFF, 0, 0))


def _asks_for_a_picture(compound: bytes) -> bool:
    at = 0
    while at + 4 <= len(compound):
        if (compound[at + 1], compound[at] & 0x1F) == PLI:
            return True
        at += 4 * (1 + int.from_bytes(compound[at + 2 : at + 4], "big"))
    return False


class Crowd:
    """Recorded people who publish until it is closed; `start` connects them."""

    def __init__(self, people: Sequence[RecordedPerson]) -> None:
        self.people = people
        self._task: asyncio.Task[None] | None = None

    async def start(self, sfu: WorkerUnderTest, router: str) -> None:
        """All of them publish in this router."""
        voice()
        for person in self.people:
            await person.publish(sfu, router)
        self._task = asyncio.ensure_future(self._run())

    async def close(self) -> None:
        """They vanish."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        for person in self.people:
            person.client.close()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            for person in self.people:
                person.tick(loop.time())
            await asyncio.sleep(0.005)
