"""`/static/` and `/maps/`: files out of named folders and nothing else.

Names do not change with content, so a browser keeps a file and asks each time whether it is still the
same (ETag, 304): no old script after an update, and no second download.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Callable
from pathlib import Path

from aiohttp import web

STATIC = Path(__file__).parent / "static"
# With `nosniff` a wrong type is a script that does not run; the system's own table is not relied on.
TYPES = {
    ".binarypb": "application/octet-stream",
    ".css": "text/css",
    ".gif": "image/gif",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".tflite": "application/octet-stream",
    ".txt": "text/plain",
    ".wasm": "application/wasm",
    ".wav": "audio/wav",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
for _suffix, _type in TYPES.items():
    mimetypes.add_type(_type, _suffix)

# The file behind a path, or None.
Find = Callable[[str], Path | None]


def in_folder(folder: Path) -> Find:
    """Finds files below `folder`, of known types only, never through `..` or a link out of it."""

    def find(path: str) -> Path | None:
        if "\0" in path or len(path) > 300:
            return None
        root = folder.resolve()
        file = (root / path).resolve()
        if file.suffix not in TYPES or not file.is_relative_to(root) or not file.is_file():
            return None
        return file

    return find


def add_files(app: web.Application, prefix: str, find: Find) -> None:
    """Serve what `find` finds under `prefix` (`/static/`)."""

    async def handler(request: web.Request) -> web.StreamResponse:
        file = find(request.match_info["path"])
        if file is None:
            raise web.HTTPNotFound
        return web.FileResponse(file, headers={"Cache-Control": "no-cache"})

    app.router.add_get(prefix + "{path:.+}", handler)
