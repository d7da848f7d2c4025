"""World nodes one release apart understand each other: what the last release says to another node, recorded.

Most of it is arrays, where a place is a name: fields may be added at the end, with a default, and nothing
else may change. After a release the set of the new one is recorded beside, and the older one goes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.unit.signaling.test_releases import carries
from world.nodes import wire as node_wire

RECORDED = Path(__file__).with_name("recorded")
MESSAGES = [
    pytest.param(name, message, id=f"{release.stem} {name}")
    for release in sorted(RECORDED.glob("nodes-*.json"))
    for name, message in json.loads(release.read_text()).items()
]


@pytest.mark.parametrize(("name", "message"), MESSAGES)
def test_what_a_node_of_the_last_release_says_is_understood_and_what_it_looks_for_is_said(
    name: str, message: Any
) -> None:
    today = msgspec.convert(message, getattr(node_wire, name), str_keys=True)
    assert carries(msgspec.to_builtins(today, str_keys=True), message)


@pytest.mark.parametrize(("name", "message"), MESSAGES)
def test_what_a_node_of_a_later_release_says_besides_is_ignored(name: str, message: Any) -> None:
    kind = getattr(node_wire, name)
    before, later = message, [*message, {"moon": 1}]
    assert msgspec.convert(later, kind, str_keys=True) == msgspec.convert(before, kind, str_keys=True)


def test_every_kind_is_recorded() -> None:
    kinds = {
        name
        for name, kind in vars(node_wire).items()
        if isinstance(kind, type)
        and issubclass(kind, msgspec.Struct)
        and kind.__module__ == node_wire.__name__
    }
    assert {param.values[0] for param in MESSAGES} == kinds
