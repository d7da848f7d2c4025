"""What a page loads at once: within its budget, and without what is loaded only when it is wanted."""

from __future__ import annotations

import gzip
import os
import re
from pathlib import Path

import pytest

APP = Path(__file__).resolve().parents[3] / "web" / "static" / "app"
STATIC_IMPORT = re.compile(r"""(?:^|[;}\n])(?:import|export)(?:[\w$*{},\s]*from)?["'](\.{1,2}/[^"']+)["']""")


def first_load(entry: str) -> dict[Path, str]:
    """The entry and all that it imports at once."""
    found: dict[Path, str] = {}
    due = [APP / entry]
    while due:
        path = due.pop().resolve()
        if path in found:
            continue
        found[path] = path.read_text()
        due += [path.parent / name for name in STATIC_IMPORT.findall(found[path])]
    return found


@pytest.mark.parametrize(("entry", "kilobytes"), [("world.js", 500), ("meeting.js", 120), ("pages.js", 60)])
def test_the_first_load_of_a_page_is_within_its_budget(entry: str, kilobytes: int) -> None:
    if not (APP / entry).exists():
        if os.environ.get("CI"):
            pytest.fail("the client is not built: make install")
        pytest.skip("the client is not built")
    loaded = first_load(entry)
    size = sum(len(gzip.compress(text.encode(), 9, mtime=0)) for text in loaded.values())
    assert size <= kilobytes * 1000, f"{entry} loads {size / 1000:.0f} kB"
    together = "".join(loaded.values())
    assert "rnnoise_simd.wasm" not in together, "noise suppression is loaded before it is wanted"
    assert "selfie_segmentation.js" not in together, "the blur is loaded before it is wanted"
