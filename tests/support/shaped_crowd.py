"""A Chromium that listens to recorded people over a shaped path."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Page

from signaling.control import AcceptSlots, Done, Offer, OfferSlots, ProducerOpened, Route
from tests.support.media_worker import EVENTS, WorkerUnderTest, until
from tests.support.recorded_people import Crowd, RecordedPerson
from tests.support.shaped_path import ShapedPath


@dataclass(frozen=True)
class Crowded:
    """What a while was like, by person: packets of sound a second, the share of it that was made up (0..1),
    pictures a second. `estimate` is bit/s at its end."""

    voices: list[float]
    made_up: list[float]
    pictures: list[float]
    estimate: float

    @property
    def seen(self) -> list[int]:
        """Whose pictures came."""
        return [index for index, rate in enumerate(self.pictures) if rate >= 1]

    def __str__(self) -> str:
        return (
            f"{min(self.voices):.0f} to {max(self.voices):.0f} packets/s of each voice, at most "
            f"{max(self.made_up):.2%} of one made up; pictures/s {[round(rate) for rate in self.pictures]}; "
            f"estimate {self.estimate / 1e3:.0f} kbit/s"
        )


class ShapedCrowd:
    """Lisa hears person i in audio slot i and sees them in video slot i; the first is the nearest. In the
    same page Mona hears the first one over a free path: what of her sound is made up is the machine's
    doing."""

    def __init__(self, sfu: WorkerUnderTest, page: Page, path: ShapedPath, people: int, layers: int) -> None:
        self.sfu, self.page, self.path = sfu, page, path
        self.people = [RecordedPerson(f"person{number}", number, layers) for number in range(people)]
        self.crowd = Crowd(self.people)

    async def start(self) -> None:
        """All publish, and Lisa is given all of them."""
        count = len(self.people)
        await self.crowd.start(self.sfu, "hall")
        await until(lambda: len(self.sfu.told(ProducerOpened)) == 2 * count, "all publish")
        offer = await self.sfu.expect(OfferSlots("lisa", "hall", EVENTS, count, count), Offer)
        answer = await self.page.evaluate("subscribe", self.path.lead(offer.sdp))
        await self.sfu.expect(AcceptSlots("lisa", answer), Done)
        offer = await self.sfu.expect(OfferSlots("mona", "hall", EVENTS, 1, 0), Offer)
        answer = await self.page.evaluate("([sdp, name]) => subscribe(sdp, name)", [offer.sdp, "beside"])
        await self.sfu.expect(AcceptSlots("mona", answer), Done)
        routes = [Route("audio", index, one.session, "mic") for index, one in enumerate(self.people)]
        routes += [
            Route("video", index, one.session, "camera", rank=index) for index, one in enumerate(self.people)
        ]
        await self.sfu.routes(("lisa", "hall", routes), ("mona", "hall", routes[:1]))

    @property
    def estimate(self) -> float:
        """bit/s that Lisa's path is believed to carry."""
        downlink = self.sfu.worker.media.bandwidth.of("lisa")
        assert downlink is not None
        return downlink.estimator.bitrate

    async def stats(self, name: str = "sub") -> dict[str, dict[str, Any]]:
        """What the browser counts, by MID."""
        found: dict[str, dict[str, Any]] = await self.page.evaluate("inbound", name)
        return found

    async def gap(self, seconds: float) -> float:
        """Seconds of the first one's sound that the browser makes up in so long, beyond what it makes up
        for Mona."""
        before = [(await self.stats(name))["a0"] for name in ("sub", "beside")]
        await self.page.wait_for_timeout(seconds * 1000)
        after = [(await self.stats(name))["a0"] for name in ("sub", "beside")]
        lisa, mona = (concealed(*reports) for reports in zip(before, after, strict=True))
        return lisa - mona

    async def look(self, seconds: float) -> Crowded:
        """Listen and watch for so long."""
        before = await self.stats()
        await self.page.wait_for_timeout(seconds * 1000)
        after = await self.stats()
        people = range(len(self.people))
        grown = [
            after.get(f"v{index}", {}).get("framesDecoded", 0)
            - before.get(f"v{index}", {}).get("framesDecoded", 0)
            for index in people
        ]
        made_up = [concealed(before[f"a{index}"], after[f"a{index}"]) / seconds for index in people]
        heard = [
            after[f"a{index}"]["packetsReceived"] - before[f"a{index}"]["packetsReceived"] for index in people
        ]
        return Crowded(
            [count / seconds for count in heard], made_up, [count / seconds for count in grown], self.estimate
        )

    async def until_width(self, index: int, seconds: float, least: int = 0, most: int = 10_000) -> float:
        """Wait until pictures of such a width are decoded of this person; s that it took."""
        begun = await self.page.evaluate("performance.now()")
        mid, before = f"v{index}", (await self.stats()).get(f"v{index}", {}).get("framesDecoded", 0)
        for _ in range(round(seconds * 20)):
            report = (await self.stats()).get(mid, {})
            if report.get("framesDecoded", 0) > before and least <= report.get("frameWidth", 0) <= most:
                return float(await self.page.evaluate("performance.now()") - begun) / 1000
            before = min(before, report.get("framesDecoded", 0))
            await self.page.wait_for_timeout(50)
        raise AssertionError(f"no picture of {least} to {most} px in {mid}: {(await self.stats()).get(mid)}")


def concealed(before: dict[str, Any], after: dict[str, Any]) -> float:
    """Seconds of sound that the browser made up between two reports of a slot, silence left out."""
    made_up = after["concealedSamples"] - before["concealedSamples"]
    silent = after["silentConcealedSamples"] - before["silentConcealedSamples"]
    return float(made_up - silent) / 48_000


@asynccontextmanager
async def shaped_crowd(
    sfu: WorkerUnderTest, page: Page, people: int, layers: int = 3
) -> AsyncIterator[ShapedCrowd]:
    """Everybody publishes; the path hinders nothing yet."""
    path = ShapedPath(sfu.address)
    await path.start()
    made = ShapedCrowd(sfu, page, path, people, layers)
    try:
        await made.start()
        yield made
    finally:
        await made.crowd.close()
        await path.close()
