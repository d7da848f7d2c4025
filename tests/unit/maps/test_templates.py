"""The maps that come with the game hold what the world relies on: geometry, ways, and closed rooms."""

from __future__ import annotations

import json
from collections import deque

import pytest

from maps import templates as shelf
from maps.collision import FOOT_HALF_HEIGHT, FOOT_HALF_WIDTH
from maps.model import Bounds, GameMap, ObjectLayer, TiledMap, TileLayer
from maps.normal import normalise
from maps.templates import MapTemplate, asset, template, templates
from maps.tiled import read

ALL = shelf.NAMES
STEP = 8  # px of the grid on which feet are tried


def reachable(game: GameMap, x: float, y: float) -> set[tuple[int, int]]:
    """Every place of an 8 px grid that feet can walk to from the grid's place next to (x, y)."""
    start = (round(x / STEP), round(y / STEP))
    assert game.collision.clear_path(x, y, start[0] * STEP, start[1] * STEP)
    reached, todo = {start}, deque([start])
    while todo:
        i, j = todo.popleft()
        for a, b in ((i + 1, j), (i - 1, j), (i, j + 1), (i, j - 1)):
            if (a, b) not in reached and game.collision.clear_path(i * STEP, j * STEP, a * STEP, b * STEP):
                reached.add((a, b))
                todo.append((a, b))
    return reached


@pytest.fixture(params=ALL)
def each(request: pytest.FixtureRequest) -> MapTemplate:
    return template(request.param)


class TestEveryTemplate:
    def test_it_has_title_description_picture_and_map(self, each: MapTemplate) -> None:
        assert each.title
        assert len(each.description) > 20
        assert each.map_json.is_file()
        assert each.thumbnail.read_bytes().startswith(b"\x89PNG")
        assert asset(f"{each.name}/map.json") == each.map_json.resolve()
        assert asset(f"{each.name}/thumbnail.png") == each.thumbnail.resolve()

    def test_the_file_is_in_normal_form_already(self, each: MapTemplate) -> None:
        plain = json.loads(each.map_json.read_bytes())
        assert read(json.dumps(normalise(each.tiled)).encode(), path=f"{each.name}/map.json") == each.tiled
        assert not plain["infinite"]
        assert all(layer["type"] in ("tilelayer", "objectgroup") for layer in plain["layers"])
        assert all(
            isinstance(layer["data"], list) for layer in plain["layers"] if layer["type"] == "tilelayer"
        )

    def test_its_pictures_are_there_and_as_large_as_the_map_says(self, each: MapTemplate) -> None:
        for tileset in each.tiled.tilesets:
            file = asset(f"{each.name}/{tileset.image}")
            assert file is not None
            head = file.read_bytes()[16:24]
            size = int.from_bytes(head[:4], "big"), int.from_bytes(head[4:], "big")
            assert size == (tileset.image_width, tileset.image_height)
            assert max(size) <= 4096  # what every WebGL has
            assert (tileset.margin, tileset.spacing) == (1, 2)

    def test_the_layers_are_those_that_the_browser_draws(self, each: MapTemplate) -> None:
        names = [layer.info.name for layer in each.tiled.layers]
        assert names == ["Floor", "Walls", "Furniture", "Above", "Collision", "Seats", "Zones"]
        hidden = [layer.info.name for layer in each.tiled.layers if not layer.info.visible]
        assert hidden == ["Collision"]
        floor = each.tiled.layers[0]
        assert isinstance(floor, TileLayer)

    def test_every_zone_can_be_reached_from_every_spawn(self, each: MapTemplate) -> None:
        game = each.game_map
        assert len(game.spawns) >= 4
        assert game.spawns[0].name == "Spawn_main"
        reached = reachable(game, game.spawns[0].x, game.spawns[0].y)
        for spawn in game.spawns[1:]:
            assert (round(spawn.x / STEP), round(spawn.y / STEP)) in reached
        for zone in game.zones:
            inside = [p for p in reached if zone.bounds.contains(p[0] * STEP, p[1] * STEP)]
            assert len(inside) > 100, zone.name

    def test_no_free_tile_is_out_of_reach(self, each: MapTemplate) -> None:
        game = each.game_map
        reached = reachable(game, game.spawns[0].x, game.spawns[0].y)
        for row in range(game.collision.rows):
            for column in range(game.collision.columns):
                if not game.collision.blocks(column, row):
                    assert (column * 4 + 2, row * 4 + 2) in reached, (column, row)

    def test_a_private_zone_has_room_for_a_dozen(self, each: MapTemplate) -> None:
        private = [z for z in each.game_map.zones if z.type == "PRIVATE"]
        assert len(private) >= 3
        for zone in private:
            b = zone.bounds
            places = each.game_map.collision.free_places(b.x, b.y, b.width, b.height, 12)
            assert len(places) == 12

    def test_zones_do_not_overlap(self, each: MapTemplate) -> None:
        zones = each.game_map.zones
        for k, one in enumerate(zones):
            for other in zones[:k]:
                a, b = one.bounds, other.bounds
                assert (
                    a.x + a.width <= b.x
                    or b.x + b.width <= a.x
                    or a.y + a.height <= b.y
                    or b.y + b.height <= a.y
                )

    def test_one_leaves_a_private_zone_through_its_door_only(self, each: MapTemplate) -> None:
        """No spot along the inside of a wall lies outside the zone: all steps over a private zone's
        border are within one opening of at most two tiles."""
        game = each.game_map
        reached = reachable(game, game.spawns[0].x, game.spawns[0].y)
        for zone in game.zones:
            if zone.type != "PRIVATE":
                continue
            crossings = []
            for i, j in reached:
                for a, b in ((i + 1, j), (i, j + 1)):
                    if (a, b) not in reached:
                        continue
                    ends = (i * STEP, j * STEP), (a * STEP, b * STEP)
                    inside = [zone.bounds.contains(*end) for end in ends]
                    if inside[0] != inside[1] and game.collision.clear_path(*ends[0], *ends[1]):
                        crossings.append(ends[0])
            assert crossings, zone.name
            xs, ys = [x for x, _ in crossings], [y for _, y in crossings]
            assert max(xs) - min(xs) + max(ys) - min(ys) <= 2 * game.tile, (zone.name, crossings)


class TestOffice:
    """The design's own map."""

    game = template("office").game_map

    def test_it_has_the_size_zones_and_spawns_of_the_design(self) -> None:
        assert (self.game.width, self.game.height, self.game.tile) == (960, 640, 32)
        assert [(z.name, z.type, z.bounds) for z in self.game.zones] == [
            ("Room_1", "PRIVATE", Bounds(30.67, 21.33, 308, 232)),
            ("Room_2", "PRIVATE", Bounds(368, 26.67, 296, 229.33)),
            ("Room_3", "PRIVATE", Bounds(686.67, 26.67, 234.67, 230.67)),
            ("Hall", "PUBLIC", Bounds(30.67, 278.67, 897.33, 330.67)),
        ]
        assert [s.name for s in self.game.spawns] == ["Spawn_main", "Spawn_2", "Spawn_3", "Spawn_4"]
        assert (self.game.spawns[0].x, self.game.spawns[0].y) == (465.33, 577.33)
        for spawn in self.game.spawns:
            assert self.game.zones[3].bounds.contains(spawn.x, spawn.y)
            assert abs(spawn.x - 465.33) <= 128

    def test_the_zones_are_layer_8_and_its_objects_carry_no_type(self) -> None:
        tiled: TiledMap = template("office").tiled
        (zones,) = [
            layer for layer in tiled.layers if isinstance(layer, ObjectLayer) and layer.info.name == "Zones"
        ]
        assert zones.info.id == 8
        assert all(not item.type and not item.properties for item in zones.objects)

    def test_the_hall_has_a_long_free_lane(self) -> None:
        c = self.game.collision
        assert c.clear_path(48, 560, 912, 560)
        assert c.clear_path(465.33, 577.33, 465.33, 560)

    @pytest.mark.parametrize(("room", "x"), [(0, 192), (1, 512), (2, 832)])
    def test_a_straight_way_leads_from_the_lane_through_each_door(self, room: int, x: float) -> None:
        zone = self.game.zones[room].bounds
        y = zone.y + zone.height - 40
        assert self.game.collision.clear_path(x, 560, x, y)
        assert zone.contains(x, y)

    @pytest.mark.parametrize("x", [192, 512, 832])
    def test_doors_are_two_tiles_wide(self, x: float) -> None:
        c = self.game.collision
        for side in (-32 + FOOT_HALF_WIDTH, 32 - FOOT_HALF_WIDTH):
            assert c.clear_path(x + side, 300, x + side, 250)
        assert not c.clear_path(x - 34 + FOOT_HALF_WIDTH, 300, x - 34 + FOOT_HALF_WIDTH, 250)
        assert not c.clear_path(x + 34 - FOOT_HALF_WIDTH, 300, x + 34 - FOOT_HALF_WIDTH, 250)

    def test_rooms_are_apart(self) -> None:
        c = self.game.collision
        for y in range(70, 250, 3):
            assert not c.clear_path(300, y, 420, y)
            assert not c.clear_path(620, y, 760, y)

    def test_whoever_stands_in_a_room_is_in_its_zone(self) -> None:
        """To the px: also where walking clamps at a wall."""
        c = self.game.collision
        rooms = ((32, 352, 0), (384, 672, 1), (704, 928, 2))
        for left, right, index in rooms:
            zone = self.game.zones[index].bounds
            for y in range(64 + FOOT_HALF_HEIGHT, 256 - FOOT_HALF_HEIGHT, 2):
                for x in range(left, right + 1):
                    if c.free(x, y):
                        assert zone.contains(x, y), (x, y)


class TestAssets:
    @pytest.mark.parametrize(
        "path",
        ["", "office", "../model.py", "office/../../model.py", "__init__.py", "/etc/passwd", "nothing.png",
         "a\0b", "x" * 5000, "office/map.json/x"],
    )  # fmt: skip
    def test_nothing_but_pictures_and_maps_is_an_asset(self, path: str) -> None:
        assert asset(path) is None

    def test_unknown_names_are_named(self) -> None:
        with pytest.raises(LookupError, match=r"no map 'moon'; there are office, park, campus"):
            template("moon")

    def test_templates_are_offered_office_first(self) -> None:
        assert [each.name for each in templates()][:2] == ["office", "park"]

    def test_avatars_are_described_and_there(self) -> None:
        file = asset("avatars/avatars.json")
        assert file is not None
        about = json.loads(file.read_bytes())
        assert len(about["looks"]) >= 8
        assert len({look["name"] for look in about["looks"]}) == len(about["looks"])
        width = about["frame"]["width"] * about["columns"]
        height = about["frame"]["height"] * len(about["directions"])
        for look in about["looks"]:
            sheet = asset(f"avatars/{look['image']}")
            assert sheet is not None
            head = sheet.read_bytes()[16:24]
            assert (int.from_bytes(head[:4], "big"), int.from_bytes(head[4:], "big")) == (width, height)
