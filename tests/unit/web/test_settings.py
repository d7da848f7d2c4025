"""Settings: where a value comes from, what is refused and in which words, and that all are documented."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from web.settings import HIDDEN, SETTINGS, Setting, Settings, SettingsError, load, shown

DOCS = Path(__file__).parents[3] / "docs" / "settings.md"
SECRET = "s" * 40


def test_without_any_source_the_defaults_hold() -> None:
    settings = load({}, {})
    assert (settings.host, settings.port, settings.media_port) == ("127.0.0.1", 8080, 40000)
    assert settings.data == Path("./.data")
    assert settings.plane == "auto"
    assert set(settings.sources.values()) == {"default"}


def test_a_flag_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "atrium.toml"
    file.write_text(
        'port = 1001\nmedia_port = 2001\nhost = "::1"\nmedia_address = ["203.0.113.5", "2001:db8::5"]\n'
    )
    environment = {"ATRIUM_CONFIG": str(file), "ATRIUM_PORT": "1002", "ATRIUM_MEDIA_PORT": "2002"}
    settings = load({"port": "1003", "media_port": None}, environment)
    assert (settings.port, settings.media_port, settings.host) == (1003, 2002, "::1")
    assert settings.media_address == ("203.0.113.5", "2001:db8::5")
    assert settings.sources["port"] == "flag --port"
    assert settings.sources["media_port"] == "environment ATRIUM_MEDIA_PORT"
    assert settings.sources["host"] == f"file {file}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ATRIUM_PORT", "eighty"),
        ("ATRIUM_PORT", "65536"),
        ("ATRIUM_PORT", "-1"),
        ("ATRIUM_PORT", "٣"),
        ("ATRIUM_HOST", ""),
        ("ATRIUM_MEDIA_ADDRESS", "media.example.org"),
        ("ATRIUM_MEDIA_ADDRESS", "0.0.0.0"),
        ("ATRIUM_PLANE", "fast"),
        ("ATRIUM_PUBLIC_URL", "meet.example.org"),
        ("ATRIUM_PUBLIC_URL", "https://meet.example.org/atrium"),
        ("ATRIUM_PUBLIC_URL", "https://meet.example.org:port"),
        ("ATRIUM_TRUSTED_PROXIES", "nginx"),
        ("ATRIUM_SECRET", "short"),
        ("ATRIUM_TURN_URLS", "https://turn.example.org"),
        ("ATRIUM_STUN_URLS", 'stun:a"b'),
        ("ATRIUM_WORKER_NAME", "a b"),
        ("ATRIUM_LOG_LEVEL", "loud"),
        ("ATRIUM_SESSION_DAYS", "0"),
        ("ATRIUM_SESSION_DAYS", "nan"),
        ("REDIS_URL", "localhost:6379"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"environment {name}: .* does not fit") as refused:
        load({}, {name: value})
    assert "\n" not in str(refused.value)


def test_a_secret_that_does_not_fit_is_not_repeated() -> None:
    with pytest.raises(SettingsError) as refused:
        load({}, {"ATRIUM_SECRET": "hunter2"})
    assert "hunter2" not in str(refused.value)


def test_an_unknown_variable_is_refused_with_the_one_that_was_meant() -> None:
    with pytest.raises(SettingsError, match="no setting ATRIUM_PROT; do you mean ATRIUM_PORT"):
        load({}, {"ATRIUM_PROT": "8080"})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("prot = 1", "no setting prot; do you mean port"),
        ("port = true", "port is a text, a number or a list of texts"),
        ("port = ", "that is not TOML"),
        ("port = 99999", "does not fit port"),
    ],
)
def test_a_file_that_is_wrong_is_named(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "atrium.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=re.escape(words)) as refused:
        load({"config": str(file)}, {})
    assert str(file) in str(refused.value)


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.toml: No such file"):
        load({"config": str(tmp_path / "nowhere.toml")}, {})


def test_turn_servers_without_their_secret_are_refused() -> None:
    with pytest.raises(SettingsError, match="turn_secret"):
        load({}, {"ATRIUM_TURN_URLS": "turn:turn.example.org:3478?transport=udp"})


def test_secrets_are_hidden_and_everything_else_is_shown() -> None:
    settings = load(
        {},
        {
            "ATRIUM_SECRET": SECRET,
            "DATABASE_URL": "postgresql://atrium:hunter2@db/atrium",
            "ATRIUM_STUN_URLS": "stun:a.example:3478, stun:b.example:3478",
        },
    )
    rows = {name: (value, source) for name, value, source in shown(settings)}
    assert rows["secret"] == (HIDDEN, "environment ATRIUM_SECRET")
    assert rows["database_url"][0] == HIDDEN
    assert rows["redis_url"][0] == ""
    assert rows["stun_urls"][0] == "stun:a.example:3478,stun:b.example:3478"
    assert set(rows) == {setting.name for setting in SETTINGS}


def test_the_table_and_the_class_name_the_same_settings() -> None:
    assert {setting.name for setting in SETTINGS} == {field.name for field in fields(Settings)} - {"sources"}


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_each_setting_is_documented_with_its_names_default_and_words(setting: Setting) -> None:
    rows = [line for line in DOCS.read_text("utf-8").splitlines() if line.startswith(f"| `{setting.name}` |")]
    assert len(rows) == 1
    for part in (setting.env, setting.flag, setting.default, setting.doc):
        assert part in rows[0]
