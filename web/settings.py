"""Every setting: one table, from which flags, environment, file, `atrium config` and the docs come.

A value comes from, in rising order: its default, the file (TOML; `--config` or ATRIUM_CONFIG), the
environment, the command line. Whatever does not fit is refused with one line that says which value
from where is wrong. This file reads no socket and opens nothing but the configuration file.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, cast

from web import setting_kinds as kinds
from world.running.devices import DEFAULT_PER_USER, DEFAULT_PER_ZONE

CONFIG_ENV = "ATRIUM_CONFIG"
HIDDEN = "(hidden)"
DEFAULT_SESSIONS = 2000


class SettingsError(Exception):
    """A value that cannot be used: one line for the person who set it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the program runs with. `sources` says where each value came from."""

    host: str
    port: int
    data: Path
    media_port: int
    forwarders: int
    media_host: str
    media_address: tuple[str, ...]
    media_tcp: Literal["yes", "no"]
    plane: Literal["auto", "native", "python"]
    video_codecs: tuple[str, ...]
    public_url: str
    trusted_proxies: tuple[str, ...]
    secret: str
    turn_urls: tuple[str, ...]
    turn_secret: str
    stun_urls: tuple[str, ...]
    worker_name: str
    region: str
    pipe_address: str
    max_sessions: int
    max_mbit: int
    drain_seconds: int
    log_level: str
    log_format: Literal["text", "json"]
    metrics_port: int | None
    metrics_host: str
    metrics_token: str
    admins: tuple[str, ...]
    session_days: float
    devices_per_user: int
    devices_per_zone: int
    chat_lines: int
    chat_days: float
    chat_file_mb: int
    chat_user_mb: int
    chat_server_mb: int
    database_url: str
    redis_url: str
    sources: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table. `read` turns text into the value and raises ValueError saying what it wants."""

    name: str
    env: str
    read: Callable[[str], Any]
    default: str
    doc: str
    secret: bool = False

    @property
    def flag(self) -> str:
        """The command line's name."""
        return "--" + self.name.replace("_", "-")


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "host", "ATRIUM_HOST", kinds.host, "127.0.0.1", "Address that pages, API and WebSocket listen on."
    ),
    Setting("port", "ATRIUM_PORT", kinds.port, "8080", "TCP port of pages, API and WebSocket."),
    Setting(
        *("data", "ATRIUM_DATA", lambda value: Path(value).expanduser(), "./.data"),
        "Folder of the SQLite database, of the secret and of the chat's files. Made when it is missing.",
    ),
    Setting("media_port", "ATRIUM_MEDIA_PORT", kinds.port, "40000", "UDP port of the media worker."),
    Setting(
        *("forwarders", "ATRIUM_FORWARDERS", kinds.count, "1"),
        "Media workers in this process, each with a thread and a port (`media_port`, the next one, …) of its "
        "own; 0: one for each core. Only the native plane uses more than one core.",
    ),
    Setting(
        *("media_host", "ATRIUM_MEDIA_HOST", kinds.text, ""),
        "Address that the media worker listens on. Empty: the same as `host`.",
    ),
    Setting(
        *("media_address", "ATRIUM_MEDIA_ADDRESS", kinds.addresses, ""),
        "IP addresses told to browsers for media, with commas between them. Empty: 127.0.0.1 when the worker "
        "listens on a loopback address, else the machine's own addresses. Behind NAT: the public one.",
    ),
    Setting(
        *("media_tcp", "ATRIUM_MEDIA_TCP", kinds.choice("yes", "no"), "yes"),
        "Take media over TCP too, on the number of `media_port`, from browsers that UDP does not reach: "
        "`yes` or `no`. Several times the work of UDP.",
    ),
    Setting(
        *("plane", "ATRIUM_PLANE", kinds.choice("auto", "native", "python"), "auto"),
        "Forwarding plane. `auto` takes the native one where it could be built; `native` insists on it.",
    ),
    Setting(
        *("video_codecs", "ATRIUM_VIDEO_CODECS", kinds.video_codecs, "vp8,h264,vp9,av1"),
        "Video codecs, the preferred one first, with commas between them. A video is sent in the first one "
        "that everybody who is to see it can decode; one that is not named here is not used.",
    ),
    Setting(
        *("public_url", "ATRIUM_PUBLIC_URL", kinds.origin, ""),
        "Where browsers reach us (`https://meet.example.org`). With https, cookies become Secure.",
    ),
    Setting(
        *("trusted_proxies", "ATRIUM_TRUSTED_PROXIES", kinds.networks, ""),
        "Reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed: addresses or networks.",
    ),
    Setting(
        *("secret", "ATRIUM_SECRET", kinds.secret, ""),
        "Signs tickets; every node needs the same. Empty: a random one, kept in the data folder (mode 0600).",
        secret=True,
    ),
    Setting(
        *("turn_urls", "ATRIUM_TURN_URLS", kinds.ice_urls("turn", "turns"), ""),
        "TURN servers for browsers behind strict firewalls (`turn:host:3478`), with commas between them.",
    ),
    Setting(
        *("turn_secret", "ATRIUM_TURN_SECRET", kinds.text, ""),
        "The TURN servers' shared secret (coturn: static-auth-secret). Needed with `turn_urls`.",
        secret=True,
    ),
    Setting(
        *("stun_urls", "ATRIUM_STUN_URLS", kinds.ice_urls("stun", "stuns"), ""),
        "STUN servers for browsers (`stun:host:3478`). Seldom needed: our media port is reachable itself.",
    ),
    Setting(
        *("worker_name", "ATRIUM_WORKER_NAME", kinds.name, ""),
        "Name of this media worker among the others. Empty: the host's name and the media port.",
    ),
    Setting(
        *("region", "ATRIUM_REGION", kinds.name, ""),
        "Where this process stands (`eu-west`). A world takes media workers of its own region first, and "
        "those of a server's region before these.",
    ),
    Setting(
        *("pipe_address", "ATRIUM_PIPE_ADDRESS", kinds.address, ""),
        "IP address at which other media workers reach this one, on the media port. Empty: the address it "
        "listens on, or the first of `media_address`. Where workers share a private network: its address "
        "there.",
    ),
    Setting(
        *("max_sessions", "ATRIUM_MAX_SESSIONS", kinds.some, str(DEFAULT_SESSIONS)),
        "People and devices that one media worker takes at most, whatever its load.",
    ),
    Setting(
        *("max_mbit", "ATRIUM_MAX_MBIT", kinds.count, "0"),
        "Mbit/s that one media worker may send: its load is the greater of what it uses of this and of its "
        "CPU, so that people go elsewhere, and far video first, before the network is full. 0: no limit.",
    ),
    Setting(
        *("drain_seconds", "ATRIUM_DRAIN_SECONDS", kinds.count, "10"),
        "So long a media worker that is told to end (SIGTERM) waits for its sessions to move to others.",
    ),
    Setting(
        *("log_level", "ATRIUM_LOG_LEVEL", kinds.choice("debug", "info", "warning", "error"), "info"),
        "How much is logged.",
    ),
    Setting(
        *("log_format", "ATRIUM_LOG_FORMAT", kinds.choice("text", "json"), "text"),
        "How it is written: `text` for people, `json` (an object a line) for machines.",
    ),
    Setting(
        *("metrics_port", "ATRIUM_METRICS_PORT", kinds.maybe_port, ""),
        "TCP port of its own for `/metrics`. Empty: `port`, for this machine and `metrics_token` only.",
    ),
    Setting(
        *("metrics_host", "ATRIUM_METRICS_HOST", kinds.text, ""),
        "Address that `metrics_port` listens on. Empty: the same as `host`.",
    ),
    Setting(
        *("metrics_token", "ATRIUM_METRICS_TOKEN", kinds.token, ""),
        "Who reads `/metrics` shows it (`Authorization: Bearer …`). Needed to read them from other machines.",
        secret=True,
    ),
    Setting(
        *("admins", "ATRIUM_ADMINS", kinds.words, ""),
        "Usernames of those who may open `/admin`, with commas between them. Empty: whoever made the first "
        "account here. Make their accounts before you name them: a name that nobody has is anybody's to "
        "take.",
    ),
    Setting(
        *("session_days", "ATRIUM_SESSION_DAYS", kinds.days, "30"),
        "Days after its last use at which a login ends.",
    ),
    Setting(
        *("devices_per_user", "ATRIUM_DEVICES_PER_USER", kinds.count, str(DEFAULT_PER_USER)),
        "WHIP publishers and WHEP players that one member may have open at a time.",
    ),
    Setting(
        *("devices_per_zone", "ATRIUM_DEVICES_PER_ZONE", kinds.count, str(DEFAULT_PER_ZONE)),
        "WHIP publishers and WHEP players that one zone takes.",
    ),
    Setting(
        *("chat_lines", "ATRIUM_CHAT_LINES", kinds.at_least_one, "5000"),
        "Lines of chat kept of one zone, of one direct talk, and of everybody's chat of a server.",
    ),
    Setting(
        *("chat_days", "ATRIUM_CHAT_DAYS", kinds.days, "365"),
        "Days after which chat is deleted.",
    ),
    Setting(
        *("chat_file_mb", "ATRIUM_CHAT_FILE_MB", kinds.count, "10"),
        "Largest file in a chat, in MB. 0: no files.",
    ),
    Setting(
        *("chat_user_mb", "ATRIUM_CHAT_USER_MB", kinds.count, "200"),
        "All files of one person on one server, in MB.",
    ),
    Setting(
        *("chat_server_mb", "ATRIUM_CHAT_SERVER_MB", kinds.count, "2000"),
        "All files of one server, in MB. They lie in the data folder, which world nodes have to share.",
    ),
    Setting(
        *("database_url", "DATABASE_URL", kinds.text, ""),
        "`postgresql://user:password@host/name` or `sqlite:///file`. Empty: SQLite in the data folder.",
        secret=True,
    ),
    Setting(
        *("redis_url", "REDIS_URL", kinds.redis, ""),
        "`redis://host:6379/0`: state and bus shared by several processes. Empty: everything in one process.",
        secret=True,
    ),
)
BY_NAME = {setting.name: setting for setting in SETTINGS}
BY_ENV = {setting.env: setting for setting in SETTINGS}


def load(flags: Mapping[str, str | None], environment: Mapping[str, str]) -> Settings:
    """The settings out of all sources. `flags` by the settings' names, and `config` for the file.

    Raises:
        SettingsError: an unknown name, or a value that does not fit.
    """
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}

    def take(setting: Setting, text: str, source: str) -> None:
        try:
            values[setting.name] = setting.read(text)
        except ValueError as error:
            shown = "the value" if setting.secret else repr(text[:80])
            raise SettingsError(f"{source}: {shown} does not fit {setting.name}: it is {error}") from None
        sources[setting.name] = source

    for setting in SETTINGS:
        take(setting, setting.default, "default")
    file = flags.get("config") or environment.get(CONFIG_ENV)
    if file:
        for name, text in _read_file(Path(file)).items():
            take(BY_NAME[name], text, f"file {file}")
    for name in environment:
        if name.startswith("ATRIUM_") and name not in BY_ENV and name != CONFIG_ENV:
            raise SettingsError(f"environment: there is no setting {name}{_near(name, BY_ENV)}")
    for setting in SETTINGS:
        if setting.env in environment:
            take(setting, environment[setting.env], f"environment {setting.env}")
    for name, flag in flags.items():
        if flag is not None and name in BY_NAME:
            take(BY_NAME[name], flag, f"flag {BY_NAME[name].flag}")
    if values["turn_urls"] and not values["turn_secret"]:
        raise SettingsError(f"{sources['turn_urls']}: turn_urls needs turn_secret (ATRIUM_TURN_SECRET) too")
    return Settings(**values, sources=sources)


def _read_file(file: Path) -> dict[str, str]:
    try:
        table = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"file {file}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"file {file}: that is not TOML: {error}") from None
    values: dict[str, str] = {}
    for name, value in table.items():
        if name not in BY_NAME:
            raise SettingsError(f"file {file}: there is no setting {name}{_near(name, BY_NAME)}")
        if isinstance(value, list) and all(isinstance(part, str) for part in value):
            values[name] = ",".join(cast("list[str]", value))
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            values[name] = str(value)
        else:
            raise SettingsError(f"file {file}: {name} is a text, a number or a list of texts")
    return values


def _near(name: str, known: Mapping[str, object]) -> str:
    close = difflib.get_close_matches(name, known, 1, 0.6)
    return f"; do you mean {close[0]}?" if close else ""


def shown(settings: Settings) -> list[tuple[str, str, str]]:
    """(name, value, source) of every setting, for people; secrets are hidden."""
    rows = []
    for field in fields(settings):
        if field.name not in BY_NAME:
            continue
        value = getattr(settings, field.name)
        text = ",".join(value) if isinstance(value, tuple) else "" if value is None else str(value)
        if text and BY_NAME[field.name].secret:
            text = HIDDEN
        rows.append((field.name, text, settings.sources[field.name]))
    return rows
