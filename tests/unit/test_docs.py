"""The documentation is complete: what can be said is written down."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from signaling import control, messages

ROOT = Path(__file__).resolve().parents[2]
PROTOCOL = (ROOT / "docs" / "protocol.md").read_text()


def _structs(module: object) -> list[type[msgspec.Struct]]:
    return [
        kind
        for kind in vars(module).values()
        if isinstance(kind, type)
        and issubclass(kind, msgspec.Struct)
        and kind.__module__ == module.__name__  # type: ignore[attr-defined]
        and kind.__subclasses__() == []
    ]


@pytest.mark.parametrize("kind", _structs(messages), ids=lambda kind: kind.__name__)
def test_every_message_between_client_and_world_is_explained(kind: type[msgspec.Struct]) -> None:
    tag = kind.__struct_config__.tag
    if tag is not None:
        assert f"`{tag}`" in PROTOCOL
    for name in () if kind.__struct_config__.array_like else kind.__struct_encode_fields__:
        assert f"`{name}`" in PROTOCOL, f"{kind.__name__}.{name} is not in docs/protocol.md"


@pytest.mark.parametrize(
    "kind",
    [k for k in _structs(control) if k.__struct_config__.tag is not None],
    ids=lambda kind: kind.__name__,
)
def test_every_command_and_event_is_explained(kind: type[msgspec.Struct]) -> None:
    assert f"`{kind.__struct_config__.tag}`" in PROTOCOL
    for name in kind.__struct_encode_fields__:
        assert f"`{name}`" in PROTOCOL, f"{kind.__name__}.{name} is not in docs/protocol.md"
