"""What of a move's way and of the tick is also there in C, for where a compiler was found at install time.

Optional: `extension()` is None without it, and the rules' own Python does the same.
"""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import Any

from signaling import extensions

log = logging.getLogger("atrium.world")


@lru_cache(maxsize=1)
def extension() -> Any:
    """The extension (its `ffi` and `lib`), None where there is none that can be used."""
    try:
        return extensions.load("world.native._native")
    except ImportError as error:
        log.info("the world ticks in pure Python: %s", error.msg)
        return None
