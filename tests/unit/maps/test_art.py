"""What is committed is what the generator paints; the people can be told apart and keep within bounds."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from maps.art import __main__ as generator
from maps.art import avatars, looks
from maps.art.canvas import Canvas
from maps.art.scene import TILE
from maps.model import ObjectLayer
from maps.templates import NAMES, template


def test_the_committed_avatars_and_office_are_what_the_generator_paints() -> None:
    assert generator.main(["--check", "avatars", "office"]) == 0


def test_a_changed_pixel_is_noticed_and_a_changed_compression_is_not(tmp_path: Path) -> None:
    sheet = avatars.sheet(looks.LOOKS[0])
    made = generator.picture(sheet.image)
    file = tmp_path / "sheet.png"
    sheet.image.save(file, "PNG", compress_level=0)
    assert file.read_bytes() != made
    assert generator.same(file, made)
    sheet.put(3, 3, (1, 2, 3, 255))
    sheet.image.save(file, "PNG")
    assert not generator.same(file, made)
    assert not generator.same(tmp_path / "missing.png", made)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(SystemExit):
        generator.main(["--check", "moon"])


@pytest.mark.parametrize("look", looks.LOOKS, ids=lambda look: look.name)
def test_a_look_walks_in_four_directions_within_its_frame(look: looks.Look) -> None:
    for direction in looks.DIRECTIONS:
        pictures = [avatars.figure(look, direction, frame) for frame in range(len(looks.FRAMES))]
        assert len({p.image.tobytes() for p in pictures}) >= 4
        for picture in pictures:
            box = picture.image.getbbox()
            assert box is not None
            # A clear px at the left, the right and below, against bleeding of the next picture.
            assert box[0] >= 1
            assert box[2] <= looks.WIDTH - 1
            assert box[3] <= looks.HEIGHT - 1


def test_no_two_looks_are_alike() -> None:
    fronts = {avatars.figure(look, "down", 0).image.tobytes() for look in looks.LOOKS}
    assert len(fronts) == len(looks.LOOKS) >= 8


@pytest.mark.parametrize("name", NAMES)
def test_every_tile_is_extruded_by_one_pixel(name: str) -> None:
    chosen = template(name)
    (tileset,) = chosen.tiled.tilesets
    with Image.open(chosen.folder / tileset.image) as image:
        picture = Canvas(0, 0, image.convert("RGBA"))
    step = TILE + tileset.spacing
    for index in range(0, tileset.tile_count, 37):
        row, column = divmod(index, tileset.columns)
        x, y = column * step + tileset.margin, row * step + tileset.margin
        for k in range(TILE):
            assert picture.get(x - 1, y + k) == picture.get(x, y + k)
            assert picture.get(x + TILE, y + k) == picture.get(x + TILE - 1, y + k)
            assert picture.get(x + k, y - 1) == picture.get(x + k, y)
            assert picture.get(x + k, y + TILE) == picture.get(x + k, y + TILE - 1)


@pytest.mark.parametrize("name", NAMES)
def test_every_map_has_seats_that_feet_can_stand_at(name: str) -> None:
    chosen = template(name)
    seats = [
        item
        for layer in chosen.tiled.layers
        if isinstance(layer, ObjectLayer)
        for item in layer.objects
        if item.type == "seat"
    ]
    assert len(seats) >= 12
    for seat in seats:
        assert chosen.game_map.collision.free(seat.x, seat.y)
        assert seat.properties["facing"] in looks.DIRECTIONS
