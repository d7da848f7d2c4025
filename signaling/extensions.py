"""Extensions in C (`sfu.forward._plane`, `world.native._native`): one that was built from another version of
its source is never used.

Their build scripts put `source_digest` into what they build, and run this file by its path to get it: at
build time nothing of this project can be imported. So it takes nothing but the standard library.
"""

from __future__ import annotations

import hashlib
from importlib import import_module
from pathlib import Path
from typing import Any


def _written(folder: Path) -> list[Path]:
    """The C files of a folder; not what cffi makes beside them, whose names begin with an underscore."""
    return sorted([*folder.glob("[!_]*.c"), *folder.glob("[!_]*.h")])


def source_digest(folder: Path) -> str:
    """What tells one version of the extension whose source is in this folder from another."""
    total = hashlib.sha256()
    for path in (*_written(folder), *sorted(folder.glob("*build.py"))):
        total.update(path.read_bytes())
    return total.hexdigest()[:16]


def load(name: str) -> Any:
    """The extension of this full name. Raises ImportError with the reason where none can be used."""
    module = import_module(name)
    folder = Path(str(module.__file__)).parent
    # Only a checkout has the source, and there it may be newer than what was built.
    if _written(folder) and module.ffi.string(module.lib.source_digest()).decode() != source_digest(folder):
        raise ImportError("it was built from another version of its source; install again (pip install -e .)")
    return module
