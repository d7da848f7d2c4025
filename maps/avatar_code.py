"""The names of avatars that people put together themselves: `me-` and one base-36 digit for each part.

A client paints such a look out of the layers that maps/art makes (`templates/looks/layers.json`);
here is only which names there are. Pure.
"""

from __future__ import annotations

import re

# The digits in their order: part → how many there are to choose from.
PARTS = {
    "skin": 4,
    "hair": 14,
    "style": 10,
    "top": 5,
    "cloth": 14,
    "legs": 14,
    "shoes": 14,
    "extra": 5,
}
PREFIX = "me-"
_CODE = re.compile(rf"{PREFIX}([0-9a-z]{{{len(PARTS)}}})")


def is_look(name: str) -> bool:
    """Whether it names a look that can be painted."""
    found = _CODE.fullmatch(name)
    return found is not None and all(
        int(digit, 36) < count for digit, count in zip(found[1], PARTS.values(), strict=True)
    )


def code(**parts: int) -> str:
    """The name of a look, by the number of each part. Raises ValueError for a part that there is not."""
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    name = PREFIX + "".join(digits[parts[part]] for part in PARTS)
    if not is_look(name):
        raise ValueError(f"there is no look {parts}")
    return name
