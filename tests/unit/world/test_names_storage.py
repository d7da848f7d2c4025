"""Names: what is taken, what is the same, what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from world import names
from world.names import BadField


@pytest.mark.parametrize("name", ["ada", "Ada.L-1_", "Åsa", "наташа", "田中さん", "a1b", "x" * 32, "007"])
def test_these_are_usernames(name: str) -> None:
    assert names.username(f" {name} ") == name


@pytest.mark.parametrize(
    "name",
    ["", "ab", "x" * 33, "a b", "-ada", ".ada", "ada!", "a\nda", "a\u200bda", "ad😀", "ada\u0000", "ada/.."],
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
