"""A map while it is being painted: whole pictures per layer, cut into unique tiles at the end.

Painting in map px instead of placing tiles lets shadows, shores and trees stand where they look right;
cutting gives ordinary Tiled layers and one tileset with a px of extrusion around every tile.
"""

from __future__ import annotations

from typing import Any

from PIL import Image

from maps.art.canvas import Canvas
from maps.collision import Collision

TILE = 32
# Drawing order; players stand between Furniture and Above.
PAINTED = ("Floor", "Walls", "Furniture", "Above")
COLUMNS_OF_SHEET = 56
MARGIN, SPACING = 1, 2  # one px of extrusion on each side of a tile
# How far (px) a thing reaches above what it blocks before it is drawn over players: the head of somebody
# who stands right before it is this much higher than the blocked tile.
HEADROOM = 4
# A seat may be so far (px) from its chair where a table stands in the way of feet.
SEAT_SLACK = 14


class Scene:
    """Layers to paint on, the blocked tiles, zones and spawns of one map."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self.layers = {name: Canvas(columns * TILE, rows * TILE) for name in PAINTED}
        self.blocked = bytearray(columns * rows)
        self.zones: list[tuple[str, str, float, float, float, float]] = []
        self.spawns: list[tuple[str, float, float]] = []
        self.seats: list[tuple[int, int, str]] = []

    @property
    def floor(self) -> Canvas:
        return self.layers["Floor"]

    @property
    def walls(self) -> Canvas:
        return self.layers["Walls"]

    @property
    def furniture(self) -> Canvas:
        return self.layers["Furniture"]

    @property
    def above(self) -> Canvas:
        return self.layers["Above"]

    def block(self, column: int, row: int, columns: int = 1, rows: int = 1) -> None:
        """Make tiles block."""
        for r in range(row, row + rows):
            for c in range(column, column + columns):
                self.blocked[r * self.columns + c] = 1

    def place(self, thing: Canvas, x: int, bottom: int, base: int) -> None:
        """Stand a thing with its lower edge at `bottom`; what is higher than `base` px (the depth of
        what it blocks) is drawn over players, so that one can walk behind it."""
        top = bottom - thing.height
        low = min(thing.height, base + HEADROOM)
        cut = thing.height - low
        self.furniture.stamp(thing.part(0, cut, thing.width, low), x, top + cut)
        if cut:
            self.above.stamp(thing.part(0, 0, thing.width, cut), x, top)

    def stand(
        self, thing: Canvas, column: int, row: int, columns: int = 1, rows: int = 1, dx: int = 0, dy: int = 0
    ) -> None:
        """Block columns x rows tiles from (column, row) and stand the thing on them, centred, moved by
        dx, dy px."""
        self.block(column, row, columns, rows)
        x = column * TILE + (columns * TILE - thing.width) // 2 + dx
        self.place(thing, x, (row + rows) * TILE + dy, rows * TILE + dy)

    def seat(self, thing: Canvas, x: int, y: int, facing: str = "down") -> None:
        """Put a thing to sit on at (x, y). It blocks nobody: one stands in its place, looks `facing`, and
        sits."""
        self.furniture.stamp(thing, x, y)
        # Of a chair that looks away from us the back is in front of whoever sits there.
        feet = y + thing.height - (10 if facing == "up" else 6)
        self.seats.append((x + thing.width // 2, feet, facing))

    def _free_seats(self) -> list[tuple[float, float, str]]:
        """The seats that feet can get to, each moved by some px where a table stands in the way."""
        grid = Collision(self.columns, self.rows, TILE, self.blocked)
        free = []
        for x, y, facing in self.seats:
            nearest = grid.nearest_free(x, y)
            if abs(nearest[0] - x) <= SEAT_SLACK and abs(nearest[1] - y) <= SEAT_SLACK:
                free.append((round(nearest[0], 2), round(nearest[1], 2), facing))
        return free

    def close_pockets(self) -> None:
        """Block what cannot be reached from the first spawn: nobody shall be put there."""
        start = (int(self.spawns[0][1]) // TILE, int(self.spawns[0][2]) // TILE)
        reached, todo = {start}, [start]
        while todo:
            column, row = todo.pop()
            for c, r in ((column + 1, row), (column - 1, row), (column, row + 1), (column, row - 1)):
                inside = 0 <= c < self.columns and 0 <= r < self.rows
                if inside and (c, r) not in reached and not self.blocked[r * self.columns + c]:
                    reached.add((c, r))
                    todo.append((c, r))
        for index in range(len(self.blocked)):
            if (index % self.columns, index // self.columns) not in reached:
                self.blocked[index] = 1

    def flat(self) -> Image.Image:
        """The whole map as it looks with nobody on it."""
        out = Image.new("RGBA", (self.columns * TILE, self.rows * TILE), (0, 0, 0, 255))
        for name in PAINTED:
            out.alpha_composite(self.layers[name].image)
        return out

    def cut(self, image_name: str, about: dict[str, str]) -> tuple[dict[str, Any], Image.Image]:
        """The map as Tiled JSON, and its tileset's picture."""
        tiles: dict[bytes, int] = {}
        pictures: list[Image.Image] = [_collision_tile().image]
        layers: list[dict[str, Any]] = []
        for number, name in enumerate(PAINTED, start=1):
            data = []
            for index in range(self.columns * self.rows):
                row, column = divmod(index, self.columns)
                x, y = column * TILE, row * TILE
                piece = _clean(self.layers[name].image.crop((x, y, x + TILE, y + TILE)))
                key = piece.tobytes()
                if not any(piece.getchannel("A").tobytes()):
                    data.append(0)
                    continue
                if key not in tiles:
                    tiles[key] = len(pictures) + 1
                    pictures.append(piece)
                data.append(tiles[key])
            layers.append(self._tile_layer(number, name, data, visible=True))
        collision = [1 if cell else 0 for cell in self.blocked]
        layers.append(self._tile_layer(len(PAINTED) + 1, "Collision", collision, visible=False))
        layers.append(self._seat_layer())
        layers.append(self._zone_layer())
        sheet = _sheet(pictures)
        tileset = {
            "firstgid": 1,
            "name": "tiles",
            "tilewidth": TILE,
            "tileheight": TILE,
            "tilecount": len(pictures),
            "columns": COLUMNS_OF_SHEET,
            "margin": MARGIN,
            "spacing": SPACING,
            "image": image_name,
            "imagewidth": sheet.width,
            "imageheight": sheet.height,
        }
        return {
            "type": "map",
            "version": "1.10",
            "tiledversion": "1.11.0",
            "orientation": "orthogonal",
            "renderorder": "right-down",
            "infinite": False,
            "width": self.columns,
            "height": self.rows,
            "tilewidth": TILE,
            "tileheight": TILE,
            "nextlayerid": 9,
            "nextobjectid": len(self.zones) + len(self.spawns) + len(self.seats) + 1,
            "properties": [{"name": k, "type": "string", "value": v} for k, v in about.items()],
            "layers": layers,
            "tilesets": [tileset],
        }, sheet

    def _tile_layer(self, number: int, name: str, data: list[int], visible: bool) -> dict[str, Any]:
        return {
            "type": "tilelayer",
            "id": number,
            "name": name,
            "visible": visible,
            "opacity": 1,
            "x": 0,
            "y": 0,
            "width": self.columns,
            "height": self.rows,
            "data": data,
        }

    def _seat_layer(self) -> dict[str, Any]:
        first = len(self.zones) + len(self.spawns) + 1
        objects = [
            _object(first + index, "", "seat", x, y)
            | {"point": True, "properties": [{"name": "facing", "type": "string", "value": facing}]}
            for index, (x, y, facing) in enumerate(self._free_seats())
        ]
        return _object_layer(7, "Seats", objects)

    def _zone_layer(self) -> dict[str, Any]:
        objects: list[dict[str, Any]] = []
        for name, class_, x, y, width, height in self.zones:
            objects.append(_object(len(objects) + 1, name, class_, x, y) | {"width": width, "height": height})
        for name, x, y in self.spawns:
            objects.append(_object(len(objects) + 1, name, "", x, y) | {"point": True})
        return _object_layer(8, "Zones", objects)


def _object_layer(number: int, name: str, objects: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "type": "objectgroup",
        "id": number,
        "name": name,
        "draworder": "topdown",
        "visible": True,
        "opacity": 1,
        "x": 0,
        "y": 0,
        "objects": objects,
    }


def _object(number: int, name: str, class_: str, x: float, y: float) -> dict[str, Any]:
    return {
        "id": number,
        "name": name,
        "type": class_,
        "x": x,
        "y": y,
        "width": 0,
        "height": 0,
        "rotation": 0,
        "visible": True,
    }


def _clean(piece: Image.Image) -> Image.Image:
    """Clear pixels without a colour, so that equal tiles are equal bytes."""
    alpha = piece.getchannel("A")
    out = Image.new("RGBA", piece.size, (0, 0, 0, 0))
    out.paste(piece, mask=alpha.point([0] + [255] * 255))
    return out


def _collision_tile() -> Canvas:
    """What Tiled shows in the collision layer: a red hatching."""
    tile = Canvas(TILE, TILE)
    tile.rect(0, 0, TILE, TILE, (216, 72, 88, 70))
    for i in range(-TILE, TILE, 8):
        tile.line(i, TILE, i + TILE, 0, (216, 72, 88, 150))
    return tile


def _sheet(pictures: list[Image.Image]) -> Image.Image:
    """All tiles in rows, each with its border px repeated once around it."""
    step = TILE + SPACING
    rows = -(-len(pictures) // COLUMNS_OF_SHEET)
    sheet = Image.new("RGBA", (COLUMNS_OF_SHEET * step, rows * step), (0, 0, 0, 0))
    for index, picture in enumerate(pictures):
        row, column = divmod(index, COLUMNS_OF_SHEET)
        x, y = column * step + MARGIN, row * step + MARGIN
        last = TILE - 1
        for sx, sy, w, h, tx, ty in (
            (0, 0, TILE, 1, 0, -1),
            (0, last, TILE, 1, 0, TILE),
            (0, 0, 1, TILE, -1, 0),
            (last, 0, 1, TILE, TILE, 0),
            (0, 0, 1, 1, -1, -1),
            (last, 0, 1, 1, TILE, -1),
            (0, last, 1, 1, -1, TILE),
            (last, last, 1, 1, TILE, TILE),
        ):
            sheet.paste(picture.crop((sx, sy, sx + w, sy + h)), (x + tx, y + ty))
        sheet.paste(picture, (x, y))
    return sheet
