"""`python -m maps.art`: paint every picture and write every map anew; `--check` only compares.

Pictures are compared by their pixels, since PNG bytes depend on the compressor's version.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from maps.art import avatar_layers, avatars, campus, office, park, rooftop
from maps.art.looks import LOOKS
from maps.art.scene import Scene
from maps.templates import FOLDER

THUMBNAIL_WIDTH = 640
# name -> (title, description, painter)
MAPS: dict[str, tuple[str, str, Callable[[], Scene]]] = {
    "office": (office.TITLE, office.DESCRIPTION, office.paint),
    "park": (park.TITLE, park.DESCRIPTION, park.paint),
    "campus": (campus.TITLE, campus.DESCRIPTION, campus.paint),
    "rooftop": (rooftop.TITLE, rooftop.DESCRIPTION, rooftop.paint),
}


def dump(tiled: dict[str, Any]) -> bytes:
    """JSON that people can read and compare: short lists of cells on one line."""
    text = json.dumps(tiled, indent=1, ensure_ascii=False)
    lines: list[str] = []
    cells: list[str] | None = None
    for line in text.split("\n"):
        if cells is not None:
            if line.strip() in ("]", "],"):
                lines[-1] += ",".join(cells) + line.strip()
                cells = None
            else:
                cells.append(line.strip().rstrip(","))
        else:
            lines.append(line)
            if line.strip() == '"data": [':
                cells = []
    return ("\n".join(lines) + "\n").encode()


def picture(image: Image.Image) -> bytes:
    """A PNG."""
    out = BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def make(name: str) -> dict[str, bytes]:
    """All files of one template by their path in the templates' folder."""
    title, description, paint = MAPS[name]
    scene = paint()
    about = {"mapName": title, "mapDescription": description, "mapCopyright": "CC0"}
    tiled, sheet = scene.cut("tiles.png", about)
    flat = scene.flat().convert("RGB")
    height = round(flat.height * THUMBNAIL_WIDTH / flat.width)
    thumbnail = flat.resize((THUMBNAIL_WIDTH, height), Image.Resampling.LANCZOS)
    # 256 colours are enough for a small picture and a third of the bytes.
    thumbnail = thumbnail.quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    return {
        f"{name}/map.json": dump(tiled),
        f"{name}/template.json": dump({"title": title, "description": description}),
        f"{name}/tiles.png": picture(sheet),
        f"{name}/thumbnail.png": picture(thumbnail),
    }


def make_avatars() -> dict[str, bytes]:
    """The avatars' sheets and what there is to know about them."""
    files = {f"avatars/{look.name}.png": picture(avatars.sheet(look).image) for look in LOOKS}
    layers = {
        "looks/layers.json": dump(avatar_layers.manifest()),
        "looks/layers.png": picture(avatar_layers.atlas().image),
    }
    return {"avatars/avatars.json": dump(avatars.manifest()), **files, **layers}


def same(committed: Path, made: bytes) -> bool:
    """Whether a committed file shows or says what was made."""
    if not committed.is_file():
        return False
    if committed.suffix != ".png":
        return committed.read_bytes() == made
    with Image.open(committed) as a, Image.open(BytesIO(made)) as b:
        return a.size == b.size and a.convert("RGBA").tobytes() == b.convert("RGBA").tobytes()


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m maps.art", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the committed files only")
    parser.add_argument("--render", type=Path, metavar="FOLDER", help="also write each whole map there")
    parser.add_argument("names", nargs="*", help=f"only these of avatars, {', '.join(MAPS)}")
    options = parser.parse_args(arguments)
    everything = ("avatars", *MAPS)
    for name in options.names:
        if name not in everything:
            parser.error(f"{name!r} is none of {', '.join(everything)}")
    different: list[str] = []
    for name in options.names or everything:
        files = make_avatars() if name == "avatars" else make(name)
        for path, data in files.items():
            file = FOLDER / path
            if options.check:
                if not same(file, data):
                    different.append(path)
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            if not same(file, data):
                file.write_bytes(data)
        if options.render is not None and name in MAPS:
            MAPS[name][2]().flat().save(options.render / f"{name}.png")
    for path in different:
        print(f"{path} differs from what the generator makes: run `python -m maps.art`", file=sys.stderr)
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
