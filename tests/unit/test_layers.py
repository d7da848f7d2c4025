"""The rules of the layers that import-linter cannot see: purity, and names that would collide."""

from __future__ import annotations

import ast
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("signaling", "sfu", "world", "maps", "web")
# Rules are plain code: what they need of the world outside comes in as a parameter.
IMPURE = {"asyncio", "aiohttp", "socket", "time", "random", "threading", "sqlalchemy", "redis", "aiortc"}
PURE = (
    "signaling/codec.py",
    "signaling/context.py",
    "signaling/control.py",
    "signaling/messages.py",
    "signaling/negotiation.py",
    "signaling/ratelimit.py",
    "signaling/tickets.py",
    "signaling/tracing.py",
    "sfu/transport/addresses.py",
    "sfu/load/capacity.py",
    "sfu/congestion/*.py",
    "sfu/routing/codec_choice.py",
    "sfu/routing/feeds.py",
    "sfu/forward/contract.py",
    "sfu/forward/pictures.py",
    "sfu/forward/thinning.py",
    "sfu/forward/timeline.py",
    "sfu/rtcp/heard.py",
    "sfu/transport/ice.py",
    "sfu/routing/layers.py",
    "sfu/routing/pausing.py",
    "sfu/pipes/table.py",
    "sfu/routing/producer.py",
    "sfu/routing/router.py",
    "sfu/rtp/*.py",
    "sfu/routing/slot.py",
    "sfu/routing/speakers.py",
    "world/chat/archive.py",
    "world/chat/rules.py",
    "world/nodes/lease.py",
    "world/nodes/wire.py",
    "world/media/placement.py",
    "world/hearing/*.py",
    "world/records.py",
    "world/space/*.py",
    "world/clients/websocket.py",
    "web/language.py",
    "maps/avatar_code.py",
    "maps/collision.py",
    "maps/model.py",
    "maps/tiled*.py",
    "web/doctor/finding.py",
    "web/load/tally.py",
    "web/plan/model.py",
    "web/top/screen.py",
    "world/overview/verdicts.py",
)


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("pattern", PURE)
def test_rules_import_no_clock_no_socket_and_no_event_loop(pattern: str) -> None:
    files = sorted(ROOT.glob(pattern))
    assert files, f"{pattern} names no file: the list of pure files is out of date"
    for path in files:
        assert not imported(path) & IMPURE, path.relative_to(ROOT)


def test_only_one_file_touches_the_inside_of_aiortc() -> None:
    users = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if imported(path) & {"aiortc", "aioice"}
    }
    assert users <= {"sfu/transport/dtls.py"}


def test_no_dependency_ships_a_package_of_our_names() -> None:
    for distribution in metadata.distributions():
        if distribution.metadata["Name"] == "atriumverse":
            continue
        tops = {file.parts[0] for file in distribution.files or () if len(file.parts) > 1}
        assert not tops & {*PACKAGES, "tests", "tools"}, distribution.metadata["Name"]
