"""What a browser loads before a page does anything stays within its budget, gzipped."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

APP = Path(__file__).resolve().parents[3] / "web" / "static" / "app"
# Imports that load at once; `import("…")` loads when it is wanted.
STATIC = re.compile(r"""(?:import|export)(?:[\w*{][^"'()]*?from)?\s*["'](\.[^"']+\.js)["']""")
BUDGETS = {"world.js": 500_000, "meeting.js": 120_000, "pages.js": 60_000}


def loaded(entry: Path) -> set[Path]:
    """The entry and all that it imports at once."""
    found, todo = {entry}, [entry]
    while todo:
        file = todo.pop()
        for path in STATIC.findall(file.read_text()):
            other = (file.parent / path).resolve()
            if other not in found:
                found.add(other)
                todo.append(other)
    return found


def gzipped(files: set[Path]) -> int:
    return sum(len(gzip.compress(file.read_bytes())) for file in files)


@pytest.mark.parametrize(("entry", "budget"), BUDGETS.items())
def test_a_page_loads_no_more_script_than_its_budget(entry: str, budget: int) -> None:
    files = loaded(APP / entry)
    language = max((APP / "i18n").glob("*.js"), key=lambda file: file.stat().st_size)
    size = gzipped({*files, language})
    assert size <= budget, f"{entry} and what it imports: {size} bytes gzipped, {budget} are allowed"


def test_what_is_shared_by_pages_is_counted(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text(
        'import{x as y}from"./b.js";import"./c.js";import("./d.js");export{z}from"./e.js"'
    )
    (tmp_path / "b.js").write_text('import*as q from"./c.js"')
    for name in ("c.js", "d.js", "e.js"):
        (tmp_path / name).write_text("")
    assert {file.name for file in loaded(tmp_path / "a.js")} == {"a.js", "b.js", "c.js", "e.js"}
