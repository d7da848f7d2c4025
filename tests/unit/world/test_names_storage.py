"""Names: what is taken, what is the same, what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from world.storage import names
from world.storage.names import BadField


@pytest.mark.parametrize("name", ["ada", "Ada.L-1_", "Åsa", "наташа", "田中さん", "a1b", "x" * 32, "007"])
def test_these_are_usernames(name: str) -> None:
    assert names.username(f" {name} ") == name


INVISIBLE_OR_MIXED = ("ada\u1160", "\u3164\u3164\u3164", "\u043ewner", "own\u0435r", "\u03a1ena")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "ab",
        "x" * 33,
        "a b",
        "-ada",
        ".ada",
        "ada!",
        "a\nda",
        "a\u200bda",
        "ad😀",
        "ada\u0000",
        "ada/..",
        *INVISIBLE_OR_MIXED,
    ],
)
def test_these_are_none(name: str) -> None:
    with pytest.raises(BadField) as refused:
        names.username(name)
    assert refused.value.field == "username"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ada", "ADA"),
        ("ada", "ａｄａ"),
        ("Straße", "STRASSE"),
        ("ﬁsh", "fish"),
        ("Åsa", "A\u030asa"),
        ("ΑΣ", "ας"),
        ("copa", "\u0441\u043e\u0440\u0430"),
        ("CAP", "\u0421\u0410\u0420"),
        ("kav", "\u03ba\u03b1\u03bd"),
    ],
)
def test_two_spellings_of_one_name_are_one_name(one: str, other: str) -> None:
    assert names.username_key(one) == names.username_key(other)


@given(st.text(st.characters(categories=["L", "N", "M", "Zs", "Pc", "Pd"]), max_size=40))
def test_what_is_shown_stands_for_what_was_typed(typed: str) -> None:
    try:
        shown = names.username(typed)
    except BadField:
        return
    key = names.username_key(shown)
    assert names.username(shown) == shown
    assert names.username_key(typed) == names.username_key(key) == key
    assert len(key) <= 128


@given(st.text(max_size=100))
def test_a_label_is_one_line_of_1_to_64_characters_or_refused(typed: str) -> None:
    try:
        label = names.label("name", typed, "A zone")
    except BadField:
        return
    assert 1 <= len(label) <= 64
    assert label == label.strip()
    assert not set(label) & set("\n\r\t\x00\u202e")
    label.encode()


@pytest.mark.parametrize(
    "name", ["\u200b", "\u3164", "\u00ad", "\u0301", "\u200d", "a\u200eb", "a\ufeff", " "]
)
def test_a_name_that_nobody_can_see_is_none(name: str) -> None:
    with pytest.raises(BadField):
        names.label("name", name, "A guest")


@pytest.mark.parametrize("name", ["Ana Ñ", "👩\u200d👩\u200d👧", "می\u200cخواهم", "☺\ufe0f", "नमस्ते", "7"])
def test_names_of_people_everywhere_are_taken_as_they_are(name: str) -> None:
    assert names.label("name", name, "A guest") == name
