"""The layers that people put their avatar together from, and the names of what they make."""

from __future__ import annotations

import json

import pytest

from maps.art import avatar_layers, looks
from maps.avatar_code import PARTS, code, is_look
from maps.templates import FOLDER
from world.storage.names import BadField, avatar


def test_names_and_layers_know_the_same_parts() -> None:
    manifest = json.loads((FOLDER / "looks" / "layers.json").read_text())
    offered = {
        "skin": len(manifest["skins"]),
        "style": len(manifest["styles"]),
        "top": len(manifest["tops"]),
        "extra": len(manifest["extras"]),
        **dict.fromkeys(("hair", "cloth", "legs", "shoes"), len(manifest["colours"])),
    }
    assert offered == PARTS
    assert all(is_look(name) for name in manifest["looks"].values())
    assert manifest["looks"].keys() == {look.name for look in looks.LOOKS}


def test_every_layer_has_pixels_and_no_marker_is_a_colour_of_ours() -> None:
    layers = avatar_layers.layers()
    assert len(layers) == len(looks.TOPS) + len(looks.STYLES) - 1 + len(looks.EXTRAS) - 1
    assert all(layer.image.getbbox() for layer in layers.values())
    tones = {tone for ramp in avatar_layers.COLOURS.values() for tone in ramp}
    assert not any((r, b) == (avatar_layers.MARKER_RED, avatar_layers.MARKER_BLUE) for r, _, b, _ in tones)


@pytest.mark.parametrize(
    "name", ["me-", "me-0000000", "me-000000000", "me-40000000", "me-00a00000", "me-0000000%", "ME-00000000"]
)
def test_what_names_no_look_is_refused(name: str) -> None:
    assert not is_look(name)
    with pytest.raises(BadField):
        avatar(name, ["maple"])


def test_a_look_of_ones_own_may_be_worn_beside_the_ready_ones() -> None:
    own = code(skin=3, hair=13, style=9, top=4, cloth=0, legs=13, shoes=13, extra=4)
    assert own == "me-3d940dd4"
    assert avatar(own, ["maple"]) == own
    assert avatar("maple", ["maple"]) == "maple"
