"""Photographs of pages at three sizes, and what the cameras of those who are photographed see.

Chromium draws a green disc for a camera. For photographs everybody's camera sees their avatar instead.
"""

from __future__ import annotations

import asyncio
import os
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageFilter
from playwright.async_api import Page

from maps.templates import FOLDER

# Where the pictures go; without it the pages are looked at and not photographed.
KEPT = os.environ.get("SCREENSHOTS")
SIZES = ((1440, 900), (1024, 768), (390, 844))
# Who sits before which browser's camera.
LOOKS = {"ada": "skipper", "bob": "indigo", "cleo": "hazel"}
TWO_FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"

# Chromium calls a fake camera by its file, and the others "fake".
PLAIN_NAMES = """
{
  const names = {
    audioinput: ["Default", "Headset microphone", "Built-in microphone"],
    videoinput: ["Built-in camera"],
    audiooutput: ["Default", "Headset", "Built-in speaker"],
  };
  const enumerate = navigator.mediaDevices?.enumerateDevices.bind(navigator.mediaDevices);
  if (enumerate) {
    navigator.mediaDevices.enumerateDevices = async () => {
      const seen = {};
      return (await enumerate()).map(({ deviceId, groupId, kind, label }) => {
        const at = (seen[kind] = (seen[kind] ?? -1) + 1);
        return { deviceId, groupId, kind, label: label && (names[kind]?.[at] ?? label) };
      });
    };
  }
}
"""

CAMERA = (960, 540)
FACE = (4, 1, 28, 25)  # of the first frame of a sheet
PIECES = {"ada": (560, 230), "bob": (60, 40), "cleo": (330, 60)}  # of the Office behind them, map px


async def photograph(page: Page, album: Path, name: str) -> None:
    """Nothing may stick out sideways at any size; the pictures are kept where somebody wants them."""
    for size in SIZES:
        await photograph_at(page, album, name, size)
    await page.set_viewport_size({"width": SIZES[0][0], "height": SIZES[0][1]})


async def photograph_both(page: Page, album: Path, name: str) -> None:
    """By day, and as `name`-dark by night."""
    await photograph(page, album, name)
    await page.emulate_media(color_scheme="dark")
    await photograph(page, album, f"{name}-dark")
    await page.emulate_media(color_scheme="light")


async def photograph_at(page: Page, album: Path, name: str, size: tuple[int, int]) -> None:
    """One picture at one size, which the page keeps."""
    width, height = size
    await page.set_viewport_size({"width": width, "height": height})
    await page.evaluate(TWO_FRAMES)
    if KEPT:
        await asyncio.sleep(0.4)  # what fades in has faded in
    sideways = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert sideways <= 0, f"{name} is {sideways} px too wide at {width}x{height}"
    if KEPT:
        picture = await page.screenshot()
        await asyncio.to_thread(keep, picture, album / f"{name}-{width}x{height}.png")


def keep(picture: bytes, path: Path) -> None:
    """A third of the bytes: 256 colours are enough for what mostly is drawn with few."""
    image = Image.open(BytesIO(picture)).convert("RGB")
    image.quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(path, optimize=True)


def write_camera(path: Path, voice: str) -> Path:
    """A film for Chromium's fake camera (YUV4MPEG2, 4:2:0): somebody before a room of the Office, nodding."""
    width, height = CAMERA
    sheet = Image.open(FOLDER / "avatars" / f"{LOOKS[voice]}.png").convert("RGBA")
    face = sheet.crop(FACE).resize((height - 60, height - 60), Image.Resampling.NEAREST)
    left, top = PIECES[voice]
    office = Image.open(FOLDER / "office" / "thumbnail.png").convert("RGB")
    behind = office.crop((left // 2, top // 2, left // 2 + 160, top // 2 + 90)).resize(CAMERA)
    behind = behind.filter(ImageFilter.GaussianBlur(9))
    with path.open("wb") as film:
        film.write(f"YUV4MPEG2 W{width} H{height} F10:1 Ip A1:1 C420jpeg\n".encode())
        for nod in (0, 0, 0, 0, 3, 6, 6, 3):
            frame = behind.copy()
            frame.paste(face, ((width - face.width) // 2, 60 + nod), face)
            y, cb, cr = frame.convert("YCbCr").split()
            half = (width // 2, height // 2)
            film.write(b"FRAME\n" + y.tobytes() + cb.resize(half).tobytes() + cr.resize(half).tobytes())
    return path
