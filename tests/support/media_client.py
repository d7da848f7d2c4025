"""An independent WebRTC client for tests: aiortc's own RTCPeerConnection, with a tone and a small picture.

`MediaClient` publishes or plays by offer and answer strings, so the same client serves a worker's
commands, WHIP/WHEP and the WebSocket.
"""

from __future__ import annotations

import asyncio
import fractions
import math
from array import array
from contextlib import suppress
from dataclasses import dataclass, field

import av
from aiortc import (
    AudioStreamTrack,
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
    VideoStreamTrack,
)
from aiortc.mediastreams import MediaStreamError

SAMPLE_RATE = 48000
SAMPLES = 960  # 20 ms
WIDTH, HEIGHT = 160, 120


class ToneTrack(AudioStreamTrack):
    """A sine tone of `frequency` Hz, 20 ms a frame, in real time."""

    def __init__(self, frequency: float) -> None:
        super().__init__()
        self.frequency = frequency
        self._sample = 0
        self._began: float | None = None

    async def recv(self) -> av.AudioFrame:
        loop = asyncio.get_running_loop()
        if self._began is None:
            self._began = loop.time()
        wait = self._began + self._sample / SAMPLE_RATE - loop.time()
        if wait > 0:
            await asyncio.sleep(wait)
        if self.readyState != "live":
            raise MediaStreamError
        step = 2 * math.pi * self.frequency / SAMPLE_RATE
        samples = array(
            "h", (int(12000 * math.sin(step * (self._sample + index))) for index in range(SAMPLES))
        )
        frame = av.AudioFrame(format="s16", layout="mono", samples=SAMPLES)
        frame.planes[0].update(samples.tobytes())
        frame.pts = self._sample
        frame.sample_rate = SAMPLE_RATE
        frame.time_base = fractions.Fraction(1, SAMPLE_RATE)
        self._sample += SAMPLES
        return frame


class PictureTrack(VideoStreamTrack):
    """A grey picture of brightness `luma` (16..235), 15 frames a second."""

    def __init__(self, luma: int) -> None:
        super().__init__()
        self.luma = luma
        self._count = 0
        self._began: float | None = None

    async def recv(self) -> av.VideoFrame:
        loop = asyncio.get_running_loop()
        if self._began is None:
            self._began = loop.time()
        wait = self._began + self._count / 15 - loop.time()
        if wait > 0:
            await asyncio.sleep(wait)
        if self.readyState != "live":
            raise MediaStreamError
        frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
        for index, plane in enumerate(frame.planes):
            value = self.luma if index == 0 else 128
            plane.update(bytes([value]) * plane.buffer_size)
        frame.pts = self._count * 6000
        frame.time_base = fractions.Fraction(1, 90000)
        self._count += 1
        return frame


@dataclass
class Received:
    """What one remote track has brought: frames, and the newest second of audio or newest luma."""

    kind: str
    mid: str
    frames: int = 0
    samples: array[int] = field(default_factory=lambda: array("h"))
    luma: int = -1
    last_at: float = 0.0

    @property
    def frequency(self) -> float:
        """The tone in the newest audio by its zero crossings (Hz), 0.0 where it is silent."""
        loud = max((abs(sample) for sample in self.samples), default=0)
        if loud < 500 or len(self.samples) < SAMPLES:
            return 0.0
        crossings = sum(
            1 for before, after in zip(self.samples, self.samples[1:], strict=False) if before < 0 <= after
        )
        return crossings * SAMPLE_RATE / len(self.samples)


class MediaClient:
    """One connection of a client. Close it at the end."""

    def __init__(self) -> None:
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.received: dict[str, Received] = {}
        self._pumps: list[asyncio.Task[None]] = []
        self._tracks: list[MediaStreamTrack] = []
        self.connection.on("track", self._track)

    # --- publish ---------------------------------------------------------------------------------

    async def offer_publish(self, frequency: float | None = 440.0, luma: int | None = None) -> str:
        """An offer that sends a tone and, with `luma`, a picture."""
        if frequency is not None:
            self._tracks.append(ToneTrack(frequency))
        if luma is not None:
            self._tracks.append(PictureTrack(luma))
        for track in self._tracks:
            self.connection.addTransceiver(track, direction="sendonly")
        return await self._offer()

    async def offer_play(self, audio: int = 1, video: int = 0) -> str:
        """An offer that receives so many streams (WHEP)."""
        for kind in ["audio"] * audio + ["video"] * video:
            self.connection.addTransceiver(kind, direction="recvonly")
        return await self._offer()

    async def take_answer(self, answer: str) -> None:
        """The answer to either offer."""
        await self.connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    async def answer(self, offer: str) -> str:
        """Our answer to the server's offer of slots."""
        await self.connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await self.connection.setLocalDescription(await self.connection.createAnswer())
        return self.connection.localDescription.sdp

    async def _offer(self) -> str:
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return self.connection.localDescription.sdp

    # --- receive ---------------------------------------------------------------------------------

    def _track(self, track: MediaStreamTrack) -> None:
        mid = next(
            str(transceiver.mid)
            for transceiver in self.connection.getTransceivers()
            if transceiver.receiver.track is track
        )
        received = self.received[mid] = Received(track.kind, mid)
        self._pumps.append(asyncio.ensure_future(self._pump(track, received)))

    async def _pump(self, track: MediaStreamTrack, received: Received) -> None:
        with suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                received.frames += 1
                received.last_at = asyncio.get_running_loop().time()
                if isinstance(frame, av.AudioFrame):
                    left = array("h", bytes(frame.planes[0])[: frame.samples * 4])[::2]
                    received.samples = (received.samples + left)[-SAMPLE_RATE // 2 :]
                elif isinstance(frame, av.VideoFrame):
                    received.luma = bytes(frame.planes[0])[0]

    def stream(self, mid: str) -> Received:
        """What m-line `mid` has brought."""
        return self.received[mid]

    async def connected(self, timeout: float = 20.0) -> float:
        """Wait until the connection stands. Seconds that it took from now."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        async with asyncio.timeout(timeout):
            while self.connection.connectionState != "connected":
                await asyncio.sleep(0.01)
        return loop.time() - begun

    async def close(self) -> None:
        """End it, tell the other side, and stop the tracks."""
        for pump in self._pumps:
            pump.cancel()
        for track in self._tracks:
            track.stop()
        await self.connection.close()
        await asyncio.gather(*self._pumps, return_exceptions=True)
