"""Which language a page has, and what the templates say in it."""

from __future__ import annotations

import pytest
from markupsafe import Markup

from web.language import CATALOGUES, LANGUAGES, catalogue, choose, plural, theme, translator


@pytest.mark.parametrize(
    ("cookie", "header", "tag"),
    [
        (None, "", "en"),
        (None, "de", "de"),
        (None, "fr-CA,fr;q=0.9,en;q=0.8", "fr"),
        (None, "ja,es;q=0.5,de;q=0.7", "de"),
        (None, "ja, ko;q=0.9", "en"),
        (None, "de;q=0, es;q=0.1", "es"),
        (None, "de;q=nonsense, ;;, fr", "fr"),
        (None, "en;q=0.9, de;q=0.9", "en"),
        ("es", "de", "es"),
        ("xx", "de", "de"),
        ("../../secret", "", "en"),
        (None, "x," * 5000 + "de", "en"),
    ],
)
def test_the_choice_wins_then_the_browsers_first_language_that_there_is(
    cookie: str | None, header: str, tag: str
) -> None:
    assert choose(cookie, header) == tag


def test_every_catalogue_can_be_chosen_and_every_choice_has_one() -> None:
    assert {path.stem for path in CATALOGUES.glob("*.json")} == set(LANGUAGES)


def test_a_parameter_is_escaped_and_markup_stays_markup() -> None:
    t = translator("en")
    assert t("dashboard.leave_sure", server="<b>&") == "Leave &lt;b&gt;&amp;?"
    assert t("dashboard.leave_sure", server=Markup("<b>Guild</b>")) == "Leave <b>Guild</b>?"


def test_a_parameter_cannot_bring_in_another_one() -> None:
    assert translator("en")("join.title", server="{server}{count}") == "Join {server}{count}"


@pytest.mark.parametrize(
    ("tag", "count", "words"),
    [("en", 1, "1 member"), ("en", 0, "0 members"), ("fr", 0, "0 membre"), ("de", 7, "7 Mitglieder")],
)
def test_a_number_takes_the_form_of_its_language(tag: str, count: int, words: str) -> None:
    assert translator(tag)("common.members", count=count) == words
    assert plural(tag, count) in ("one", "other")


def test_an_unknown_key_is_an_error_and_not_an_empty_page() -> None:
    with pytest.raises(KeyError):
        translator("en")("no.such.key")
    assert catalogue("en").keys() == catalogue("fr").keys()


def test_only_known_colours_reach_the_page() -> None:
    assert [theme(one) for one in ("dark", "light", None, '"><script>')] == ["dark", "light", None, None]
