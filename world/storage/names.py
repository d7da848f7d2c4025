"""What names may look like: usernames, display names, server and zone names, avatars. Pure.

Two usernames that a person would take for the same one must not both exist, so they are compared in
NFKC (UAX #15), casefolded, and with the letters that look alike in Latin, Cyrillic and Greek made one
(UTS #39 §4, the part of its table that these scripts need); one name has letters of one of them only.
What is shown is the NFKC form as it was typed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from maps.avatar_code import is_look

USERNAME_MIN, USERNAME_MAX = 3, 32
NAME_MAX = 64
PASSWORD_MIN, PASSWORD_MAX = 8, 256
# Letters that nobody can see (Unicode Default_Ignorable_Code_Point, general category Lo).
FILLERS = "\u115f\u1160\u3164\uffa0"
# Lower-case letters of Cyrillic and Greek, and the Latin one that each is taken for.
LOOK_ALIKE = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u051b\u051d\u04cf"
    "\u03b1\u03bf\u03c1\u03bd\u03b9\u03ba\u03c5\u03c7\u03f3",
    "aeopcyxijshdqwl" + "aopvikuxj",
)
SCRIPTS = ("LATIN ", "CYRILLIC ", "GREEK ")
# Format characters that have a use inside a name: joiners of emoji and of Persian, flags' tags.
JOINERS = frozenset("\u200c\u200d") | frozenset(map(chr, range(0xE0020, 0xE0080)))
AVATAR = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


class BadField(ValueError):
    """A field that breaks its rule: `field` names it, the message tells its owner what to do."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


def username(typed: str) -> str:
    """The username as it is shown. Raises BadField."""
    name = unicodedata.normalize("NFKC", typed.strip())
    if not USERNAME_MIN <= len(name) <= USERNAME_MAX:
        raise BadField("username", f"A username has {USERNAME_MIN} to {USERNAME_MAX} characters.")
    if not all(char in "_-." or char.isalpha() or char.isdecimal() for char in name) or any(
        filler in name for filler in FILLERS
    ):
        raise BadField("username", "A username has letters, digits, “_”, “-” and “.” only.")
    if not (name[0].isalpha() or name[0].isdecimal()):
        raise BadField("username", "A username begins with a letter or a digit.")
    if len({script for char in name for script in SCRIPTS if _is_of(char, script)}) > 1:
        raise BadField("username", "A username has letters of one alphabet only.")
    return name


def username_key(name: str) -> str:
    """What is compared: equal keys are the same username (Unicode §3.13, D146)."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name.strip()).casefold())
    return unicodedata.normalize("NFKC", folded.casefold()).translate(LOOK_ALIKE)


def _is_of(char: str, script: str) -> bool:
    return unicodedata.name(char, "").startswith(script)


def label(field: str, typed: str, what: str) -> str:
    """A free name (1 to 64 characters, no control or line characters, spaces collapsed). Raises BadField."""
    name = " ".join(unicodedata.normalize("NFC", typed).split())
    if not name:
        raise BadField(field, f"{what} needs a name.")
    if len(name) > NAME_MAX:
        raise BadField(field, f"{what}: at most {NAME_MAX} characters.")
    # Cc control, Cs half a surrogate pair, Co private use, Cf invisible format characters: direction
    # overrides and the like can make one name look like another.
    if any(
        unicodedata.category(char) in {"Cc", "Cs", "Co", "Cn", "Cf"} and char not in JOINERS for char in name
    ):
        raise BadField(field, f"{what} has a character that cannot be shown.")
    # Letters, digits, signs, emoji; not marks, spaces and joiners alone.
    if not any(unicodedata.category(char)[0] in "LNPS" and char not in FILLERS for char in name):
        raise BadField(field, f"{what} needs a name that can be seen.")
    return name


def password(typed: str) -> str:
    """A password that may be set, NFC-normalised. Raises BadField."""
    if not PASSWORD_MIN <= len(typed) <= PASSWORD_MAX:
        raise BadField("password", f"A password has {PASSWORD_MIN} to {PASSWORD_MAX} characters.")
    if "\x00" in typed or any(unicodedata.category(char) == "Cs" for char in typed):
        raise BadField("password", "A password has characters that can be typed only.")
    return unicodedata.normalize("NFC", typed)


def avatar(choice: str, offered: Collection[str]) -> str:
    """One of the avatars `offered` (any short slug while none are listed), or one that somebody put
    together. Raises BadField."""
    if is_look(choice):
        return choice
    if not AVATAR.fullmatch(choice) or (offered and choice not in offered):
        raise BadField("avatar", "There is no such avatar.")
    return choice
