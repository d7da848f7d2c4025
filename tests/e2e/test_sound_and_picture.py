"""What is done to voices and faces on their way: noise taken out, backgrounds blurred, walls, directions."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route, expect

from tests.e2e.people import SILENT_DB, SILENT_ENERGY, Person
from tests.support.atrium_server import AtriumServer
from tests.support.attempts import once_in

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

CLEOS_TONE = 1130
# How sharp the own picture is: the mean difference of neighbouring pixels of one row in four.
SHARPNESS = """
async () => {
  const stream = window.atrium.media.local.cameraStream;
  const video = document.createElement("video");
  video.muted = true;
  video.srcObject = stream;
  await video.play();
  await new Promise((done) => setTimeout(done, 400));
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  const brush = canvas.getContext("2d");
  brush.drawImage(video, 0, 0);
  const { data, width, height } = brush.getImageData(0, 0, canvas.width, canvas.height);
  let sum = 0, count = 0;
  for (let y = 0; y < height; y += 4) {
    for (let x = 1; x < width; x++) {
      const i = 4 * (y * width + x);
      sum += Math.abs(data[i] - data[i - 4]) + Math.abs(data[i + 1] - data[i - 3]);
      count += 1;
    }
  }
  return sum / count;
}
"""
# From now on the page's microphone is a waterfall and its camera a fine chequered cloth.
WATERFALL_AND_CLOTH = """
() => {
  const context = new AudioContext({ sampleRate: 48000 });
  const noise = context.createBuffer(1, 96000, 48000);
  noise.getChannelData(0).forEach((_, i, samples) => { samples[i] = (Math.random() - 0.5) * 0.2; });
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [640, 360];
  const brush = canvas.getContext("2d");
  setInterval(() => {
    for (let y = 0; y < 360; y += 8) {
      for (let x = 0; x < 640; x += 8) {
        brush.fillStyle = (x + y) % 16 === 0 ? "#fff" : "#222";
        brush.fillRect(x, y, 8, 8);
      }
    }
  }, 66);
  navigator.mediaDevices.getUserMedia = async ({ audio }) => {
    if (!audio) return canvas.captureStream(15);
    const out = context.createMediaStreamDestination();
    const source = context.createBufferSource();
    Object.assign(source, { buffer: noise, loop: true });
    source.connect(out);
    source.start();
    await context.resume();
    return out.stream;
  };
}
"""


@dataclass
class Two:
    """Ada and Cleo in the Campus, which has a wall in the open between library and reception."""

    ada: Person
    cleo: Person

    async def stand(self, ada: tuple[float, float], cleo: tuple[float, float]) -> None:
        await asyncio.gather(self.ada.walk_to(*ada), self.cleo.walk_to(*cleo))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def two(atrium: AtriumServer, browsers: dict[str, Browser]) -> AsyncIterator[Two]:
    ada = await (await Person.arrive(atrium, browsers["ada"])).sign_up()
    cleo = await (await Person.arrive(atrium, browsers["cleo"])).sign_up()
    made = await ada.create_server("Campus", "campus")
    await asyncio.gather(ada.enter(made["id"]), cleo.enter(made["id"]))
    for person in (ada, cleo):
        await person.page.evaluate("window.atrium.media.setMic(true)")
    yield Two(ada, cleo)
    await ada.leave()
    await cleo.leave()


async def effect(page: Page, name: str) -> None:
    """Switch an effect in the device dialog, and wait until it is done."""
    if not await page.locator("#devices").is_visible():
        await page.locator(".bar-settings").click()
    box = page.get_by_role("switch", name=name)
    await box.click()
    await expect(box).not_to_have_attribute("aria-busy", "true", timeout=60_000)
    await page.get_by_role("button", name="Done").click()


async def test_a_voice_from_the_right_is_louder_in_the_right_ear_and_mono_is_the_same_in_both(
    two: Two,
) -> None:
    await two.stand((112, 250), (232, 250))
    await two.ada.until_hears(CLEOS_TONE)

    async def is_right_louder_by(low: float, high: float) -> None:
        left, right = await two.ada.sides(CLEOS_TONE)
        assert low < right - left < high

    await once_in(5, lambda: is_right_louder_by(4, 100))
    await two.stand((232, 250), (112, 250))
    await once_in(5, lambda: is_right_louder_by(-100, -4))
    await effect(two.ada.page, "Voices from their direction")
    await once_in(5, lambda: is_right_louder_by(-0.5, 0.5))


async def test_a_wall_in_the_open_muffles_a_voice_and_free_air_does_not(two: Two) -> None:
    # Without direction, which colours voices too: the effect was switched off above.
    await two.stand((112, 250), (212, 250))
    await two.ada.until_hears(CLEOS_TONE)

    async def is_muffled() -> None:
        await two.cleo.walk_to(212, 250)
        await asyncio.sleep(0.5)
        free = await two.ada.level(CLEOS_TONE, 2.0)
        await two.cleo.walk_to(112, 350)
        await asyncio.sleep(0.5)
        walled = await two.ada.level(CLEOS_TONE, 2.0)
        assert SILENT_DB < walled < free - 8, (free, walled)
        await two.cleo.walk_to(212, 250)
        await asyncio.sleep(0.5)
        assert abs(await two.ada.level(CLEOS_TONE, 2.0) - free) < 4

    await once_in(4, is_muffled)


async def test_noise_is_taken_out_before_it_is_sent(two: Two) -> None:
    await two.stand((112, 250), (160, 250))
    page = two.ada.page
    await page.evaluate("window.atrium.media.setMic(false)")
    await page.evaluate(WATERFALL_AND_CLOTH)
    await page.evaluate("window.atrium.media.setMic(true)")
    await two.cleo.until_receiving(video=False)
    await asyncio.sleep(1)
    loud = (await two.cleo.receives(3)).energy

    async def is_between(low: float, high: float) -> None:
        assert low < (await two.cleo.receives(3)).energy < high

    await effect(page, "Take out noise")
    await two.ada.until("window.atrium.media.local.effects.noise && window.atrium.media.local.mic")
    await once_in(5, lambda: is_between(-1, loud / 4))
    await effect(page, "Take out noise")
    await once_in(5, lambda: is_between(loud / 3, math.inf))


async def test_muted_with_noise_taken_out_is_muted_and_the_device_is_let_go(two: Two) -> None:
    page = two.ada.page
    await page.evaluate("window.atrium.media.setEffects({ noise: true })")
    await page.evaluate("window.atrium.media.setMic(false)")
    await two.cleo.until_silent("energy")
    assert (await two.cleo.receives(2)).energy < SILENT_ENERGY
    await page.evaluate("window.atrium.media.setEffects({ noise: false })")
    assert not await page.evaluate("window.atrium.media.local.mic"), "a change of effects turned it on"


async def test_a_blurred_background_is_sent_blurred_and_off_again_as_it_is(two: Two) -> None:
    page = two.ada.page
    await page.evaluate("window.atrium.media.setCamera(true)")
    sharp = await page.evaluate(SHARPNESS)
    await effect(page, "Blur the background")
    assert await page.evaluate("window.atrium.media.local.effects.blur")

    async def is_between(low: float, high: float) -> None:
        assert low < await page.evaluate(SHARPNESS) < high

    await once_in(5, lambda: is_between(0, sharp * 0.7))
    await two.cleo.until_receiving(audio=False)
    await effect(page, "Blur the background")
    await once_in(5, lambda: is_between(sharp * 0.85, math.inf))
    await page.evaluate("window.atrium.media.setCamera(false)")


async def test_a_blur_that_cannot_be_had_shows_nobody_unblurred(
    atrium: AtriumServer, browsers: dict[str, Browser], two: Two
) -> None:
    bob = await (await Person.arrive(atrium, browsers["bob"])).sign_up()
    try:

        async def refuse(route: Route) -> None:
            await route.abort()

        await bob.context.route("**/static/app/effects/**", refuse)
        made = await bob.create_server()
        await bob.enter(made["id"])
        await bob.page.evaluate("window.atrium.media.setEffects({ blur: true })")
        await bob.page.evaluate("window.atrium.media.setCamera(true)")
        assert not await bob.page.evaluate("window.atrium.media.local.camera")
        await expect(bob.page.get_by_text("The background could not be blurred here.")).to_be_visible()
        await bob.page.evaluate("window.atrium.media.setEffects({ blur: false })")
        await bob.page.evaluate("window.atrium.media.setCamera(true)")
        assert await bob.page.evaluate("window.atrium.media.local.camera")
    finally:
        await bob.leave()


async def test_the_pages_had_no_errors(two: Two) -> None:
    assert [p for p in two.ada.problems if "INFO" not in p] == []
    assert two.cleo.problems == []
