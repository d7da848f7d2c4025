"""A Chromium that watches itself over a shaped path, and beside it the same picture over a free one.

The second picture is the measure: on a busy machine pictures stand still for reasons that no path has.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from playwright.async_api import Page

from signaling.control import AcceptPublish, AcceptSlots, Answer, Done, Offer, OfferSlots, ProducerOpened
from tests.support.media_worker import EVENTS, WorkerUnderTest, hear, until
from tests.support.shaped_path import ShapedPath


@dataclass(frozen=True)
class Seen:
    """What a while was like. `gaps` between shown pictures in ms, longest first; `beyond` is the longest less
    what the picture beside it stood still just then; `concealed` the share of the sound (0..1), and `beside`
    that of the sound beside it."""

    frames: int
    gaps: list[float]
    beyond: float
    concealed: float
    beside: float

    def __str__(self) -> str:
        longest = ", ".join(f"{gap:.0f}" for gap in self.gaps[:4])
        return (
            f"{self.frames} frames, longest gaps {longest} ms ({self.beyond:.0f} ms beyond the picture "
            f"beside it); {self.concealed:.2%} of the sound concealed ({self.beside:.2%} beside it)"
        )


class ShapedView:
    """Alice's camera and microphone in her own slots, over `path` both ways; Bob's slots beside them."""

    def __init__(self, sfu: WorkerUnderTest, page: Page, path: ShapedPath) -> None:
        self.sfu, self.page, self.path = sfu, page, path

    async def start(self) -> None:
        """Connect all, until pictures are shown on both ways."""
        sfu, page = self.sfu, self.page
        offered = await page.evaluate("publish({})")
        answer = await sfu.expect(AcceptPublish("alice", "hall", EVENTS, offered, {}), Answer)
        await page.evaluate("published", self.path.lead(answer.sdp))
        for session, name in (("alice", "sub"), ("bob", "beside")):
            offer = await sfu.expect(OfferSlots(session, "hall", EVENTS, 1, 1), Offer)
            sdp = self.path.lead(offer.sdp) if session == "alice" else offer.sdp
            answered = await page.evaluate("([sdp, name]) => subscribe(sdp, name)", [sdp, name])
            await sfu.expect(AcceptSlots(session, answered), Done)
        await until(lambda: len(sfu.told(ProducerOpened)) == 2, "mic and camera are sent")
        await sfu.routes(
            *(
                (session, "hall", [hear(0, "alice"), hear(0, "alice", "camera")])
                for session in ("alice", "bob")
            )
        )
        for name in ("sub", "beside"):
            await self.grows(name, "v0", "framesDecoded", 10)
            await page.evaluate("watch", f"{name}-v0")

    async def hear_only(self) -> None:
        """No pictures any more: a browser holds sound back for them, long enough for repeats to come."""
        await self.sfu.routes(*((session, "hall", [hear(0, "alice")]) for session in ("alice", "bob")))

    async def stats(self, name: str = "sub") -> dict[str, dict[str, Any]]:
        """What the browser counts, by MID."""
        found: dict[str, dict[str, Any]] = await self.page.evaluate("inbound", name)
        return found

    async def grows(self, name: str, mid: str, what: str, by: float, seconds: float = 20) -> None:
        """Wait until this statistic has grown."""
        before = (await self.stats(name)).get(mid, {}).get(what, 0)
        for _ in range(round(seconds * 20)):
            if (await self.stats(name)).get(mid, {}).get(what, 0) >= before + by:
                return
            await self.page.wait_for_timeout(50)
        raise AssertionError(f"{what} of {name} {mid} stayed at {before}")

    async def look(self, seconds: float) -> Seen:
        """Watch for so long."""
        before = [(await self.stats(name))["a0"] for name in ("sub", "beside")]
        begun = await self.page.evaluate("performance.now()")
        await self.page.wait_for_timeout(seconds * 1000)
        after = [(await self.stats(name))["a0"] for name in ("sub", "beside")]
        ended, shown = await self.page.evaluate("[performance.now(), shown]")
        here, beside = (
            [begun, *(time for time in shown[f"{name}-v0"] if begun < time < ended), ended]
            for name in ("sub", "beside")
        )
        gaps = sorted((now - last for last, now in pairwise(here)), reverse=True)
        concealed = (made_up(*reports) for reports in zip(before, after, strict=True))
        return Seen(len(here) - 2, gaps, beyond(here, beside), *concealed)


def made_up(before: dict[str, Any], after: dict[str, Any]) -> float:
    """The share of the sound that the browser concealed between two reports."""
    concealed = after["concealedSamples"] - before["concealedSamples"]
    return float(concealed / max(after["totalSamplesReceived"] - before["totalSamplesReceived"], 1))


def beyond(here: Sequence[float], beside: Sequence[float]) -> float:
    """How much longer than the picture beside it this one has stood still, at the worst."""
    worst = 0.0
    for last, now in pairwise(here):
        first = max(bisect_left(beside, last) - 1, 0)
        others = beside[first : bisect_left(beside, now) + 1]
        worst = max(worst, now - last - max((b - a for a, b in pairwise(others)), default=0.0))
    return worst


@asynccontextmanager
async def shaped_view(sfu: WorkerUnderTest, page: Page) -> AsyncIterator[ShapedView]:
    """Everything connected; the path hinders nothing yet."""
    path = ShapedPath(sfu.address)
    await path.start()
    view = ShapedView(sfu, page, path)
    await view.start()
    yield view
    await path.close()
