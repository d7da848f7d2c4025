"""What of a move's way and of the tick is also there in C, for where a compiler was found at install time.

Optional: `extension()` is None without it, and the rules' own Python does the same.
"""

from __future__ import annotations

import logging
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

log = logging.getLogger("atrium.world")


@lru_cache(maxsize=1)
def extension() -> Any:
    """The extension (its `ffi` and `lib`), None where there is none that can be used."""
    try:
        module = import_module("world.native._native")
    except ImportError as error:
        log.info("the world ticks in pure Python: %s", error.msg)
        return None
    if (Path(__file__).parent / "crossings.c").exists():  # a checkout: its source may be newer
        from world.native.build import source_digest

        if module.ffi.string(module.lib.native_source()).decode() != source_digest():
            log.warning("the world ticks in pure Python: its extension is of another version; install again")
            return None
    return module
