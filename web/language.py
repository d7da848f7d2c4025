"""The words of the pages that the server writes, out of the client's own catalogues.

A language is one file, `client/i18n/<tag>.json`: key → a sentence, or a sentence for each plural form.
Which one a page has: the person's choice (a cookie that the page's switch sets), else the first of the
browser's languages that there is, else English. Pure but for reading the files once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

from markupsafe import Markup, escape

CATALOGUES = Path(__file__).parent / "client" / "i18n"
FALLBACK = "en"
# The languages by their own names, in the order in which a person chooses.
LANGUAGES = {"en": "English", "de": "Deutsch", "es": "Español", "fr": "Français"}
COOKIE = "atrium_language"
THEME_COOKIE = "atrium_theme"
THEMES = ("light", "dark")

_PLACE = re.compile(r"\{(\w+)\}")
# More than a browser sends; the header is a stranger's.
_MOST_ACCEPTED = 20

Words = dict[str, str | dict[str, str]]


def choose(cookie: str | None, accept_language: str) -> str:
    """The tag of the language for a request, one of LANGUAGES.

    `accept_language` is the header (RFC 9110 §12.5.4); what cannot be read in it counts for nothing.
    """
    if cookie in LANGUAGES:
        return str(cookie)
    wanted: list[tuple[float, str]] = []
    for part in accept_language[:1000].split(",")[:_MOST_ACCEPTED]:
        tag, _, weight = part.strip().partition(";")
        primary = tag.strip().lower().split("-")[0]
        try:
            quality = float(weight.strip().removeprefix("q=")) if weight else 1.0
        except ValueError:
            continue
        if primary in LANGUAGES and 0 < quality <= 1:
            wanted.append((quality, primary))
    return max(wanted, key=lambda one: one[0])[1] if wanted else FALLBACK


def theme(cookie: str | None) -> str | None:
    """The chosen look, "light" or "dark"; None: as the person's system has it."""
    return cookie if cookie in THEMES else None


@cache
def catalogue(tag: str) -> Words:
    """All words of a language."""
    words: Words = json.loads((CATALOGUES / f"{tag}.json").read_text(encoding="utf-8"))
    return words


def plural(tag: str, count: int) -> str:
    """Which form a number takes (CLDR cardinal rules of our languages, for whole numbers)."""
    return "one" if count == 1 or (tag == "fr" and count == 0) else "other"


@cache
def translator(tag: str) -> Callable[..., Markup]:
    """`t(key, **params)` for the templates of a language; raises KeyError for an unknown key.

    Words and parameters are escaped; a parameter that is Markup already (a bold name) stays as it is.
    """
    words = catalogue(tag)

    def t(key: str, **params: object) -> Markup:
        message = words[key]
        if not isinstance(message, str):
            form = plural(tag, int(str(params["count"])))
            message = message.get(form, message["other"])
        parts = _PLACE.split(message)
        # Odd parts are the names of parameters.
        return Markup("").join(
            escape(params[part]) if i % 2 else escape(part) for i, part in enumerate(parts)
        )

    return t
