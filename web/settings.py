"""Every setting: one table, from which flags, environment, file, `atrium config` and the docs come.

A value comes from, in rising order: its default, the file (TOML; `--config` or ATRIUM_CONFIG), the
environment, the command line. Whatever does not fit is refused with one line that says which value
from where is wrong. This file reads no socket and opens nothing but the configuration file.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import urlsplit

from signaling.tickets import MIN_SECRET_CHARS
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


def _text(value: str) -> str:
    return value.strip()


def _host(value: str) -> str:
    host = value.strip()
    if not host or " " in host or "/" in host:
        raise ValueError("an address or a host name")
    return host


def _port(value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", value.strip()) or int(value) > 65535:
        raise ValueError("a port from 0 to 65535 (0: any free one)")
    return int(value)


def _maybe_port(value: str) -> int | None:
    return _port(value) if value.strip() else None


def _token(value: str) -> str:
    if value and not re.fullmatch(r"[\x21-\x7e]{16,256}", value):
        raise ValueError("16 to 256 characters without spaces")
    return value


def _list(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _addresses(value: str) -> tuple[str, ...]:
    found = _list(value)
    for address in found:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            raise ValueError("IP addresses with commas between them (no names, no ports)") from None
        if parsed.is_unspecified:
            raise ValueError("addresses that browsers can reach; 0.0.0.0 and :: are none")
    return found


def _address(value: str) -> str:
    found = _addresses(value)
    if len(found) > 1:
        raise ValueError("one IP address")
    return found[0] if found else ""


def _networks(value: str) -> tuple[str, ...]:
    found = _list(value)
    for network in found:
        try:
            ipaddress.ip_network(network)
        except ValueError:
            raise ValueError("IP addresses or networks (10.0.0.0/8) with commas between them") from None
    return found


def _choice(*choices: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value.strip().lower() not in choices:
            raise ValueError("one of " + ", ".join(choices))
        return value.strip().lower()

    return read


def _origin(value: str) -> str:
    url = value.strip().rstrip("/")
    if not url:
        return ""
    wanted = "http://host or https://host, with a port if need be and without a path"
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError(wanted) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query:
        raise ValueError(wanted)
    return url.lower()


def _ice_urls(*schemes: str) -> Callable[[str], tuple[str, ...]]:
    def read(value: str) -> tuple[str, ...]:
        found = _list(value)
        if not all(re.fullmatch(rf"(?:{'|'.join(schemes)}):[^\s\"<>/]+", url) for url in found):
            raise ValueError(f"URLs like {schemes[0]}:host:3478 with commas between them")
        return found

    return read


def _secret(value: str) -> str:
    if value and len(value) < MIN_SECRET_CHARS:
        raise ValueError(f"at least {MIN_SECRET_CHARS} characters")
    return value


def _days(value: str) -> float:
    try:
        days = float(value)
    except ValueError:
        days = -1.0
    if not 0 < days <= 3650:
        raise ValueError("a number of days above 0 and up to 3650")
    return days


def _count(value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", value.strip()):
        raise ValueError("a whole number from 0 to 99999")
    return int(value)


def _at_least_one(value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", value.strip()) or int(value) == 0:
        raise ValueError("a whole number from 1 to 999999")
    return int(value)


def _some(value: str) -> int:
    if (count := _count(value)) < 1:
        raise ValueError("a whole number from 1 to 99999")
    return count


def _name(value: str) -> str:
    if value and not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", value):
        raise ValueError("1 to 64 letters, digits, “.”, “_”, “-”")
    return value


def _redis(value: str) -> str:
    url = value.strip()
    if url and not url.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("a URL like redis://host:6379/0")
    return url


SETTINGS: tuple[Setting, ...] = (
    Setting("host", "ATRIUM_HOST", _host, "127.0.0.1", "Address that pages, API and WebSocket listen on."),
    Setting("port", "ATRIUM_PORT", _port, "8080", "TCP port of pages, API and WebSocket."),
    Setting(
        *("data", "ATRIUM_DATA", lambda value: Path(value).expanduser(), "./.data"),
        "Folder of the SQLite database, of the secret and of the chat's files. Made when it is missing.",
    ),
    Setting("media_port", "ATRIUM_MEDIA_PORT", _port, "40000", "UDP port of the media worker."),
    Setting(
        *("forwarders", "ATRIUM_FORWARDERS", _count, "1"),
        "Media workers in this process, each with a thread and a port (`media_port`, the next one, …) of its "
        "own; 0: one for each core. Only the native plane uses more than one core.",
    ),
    Setting(
        *("media_host", "ATRIUM_MEDIA_HOST", _text, ""),
        "Address that the media worker listens on. Empty: the same as `host`.",
    ),
    Setting(
        *("media_address", "ATRIUM_MEDIA_ADDRESS", _addresses, ""),
        "IP addresses told to browsers for media, with commas between them. Empty: 127.0.0.1 when the worker "
        "listens on a loopback address, else the machine's own addresses. Behind NAT: the public one.",
    ),
    Setting(
        *("media_tcp", "ATRIUM_MEDIA_TCP", _choice("yes", "no"), "yes"),
        "Take media over TCP too, on the number of `media_port`, from browsers that UDP does not reach: "
        "`yes` or `no`. Several times the work of UDP.",
    ),
    Setting(
        *("plane", "ATRIUM_PLANE", _choice("auto", "native", "python"), "auto"),
        "Forwarding plane. `auto` takes the native one where it could be built; `native` insists on it.",
    ),
    Setting(
        *("public_url", "ATRIUM_PUBLIC_URL", _origin, ""),
        "Where browsers reach us (`https://meet.example.org`). With https, cookies become Secure.",
    ),
    Setting(
        *("trusted_proxies", "ATRIUM_TRUSTED_PROXIES", _networks, ""),
        "Reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed: addresses or networks.",
    ),
    Setting(
        *("secret", "ATRIUM_SECRET", _secret, ""),
        "Signs tickets; every node needs the same. Empty: a random one, kept in the data folder (mode 0600).",
        secret=True,
    ),
    Setting(
        *("turn_urls", "ATRIUM_TURN_URLS", _ice_urls("turn", "turns"), ""),
        "TURN servers for browsers behind strict firewalls (`turn:host:3478`), with commas between them.",
    ),
    Setting(
        *("turn_secret", "ATRIUM_TURN_SECRET", _text, ""),
        "The TURN servers' shared secret (coturn: static-auth-secret). Needed with `turn_urls`.",
        secret=True,
    ),
    Setting(
        *("stun_urls", "ATRIUM_STUN_URLS", _ice_urls("stun", "stuns"), ""),
        "STUN servers for browsers (`stun:host:3478`). Seldom needed: our media port is reachable itself.",
    ),
    Setting(
        *("worker_name", "ATRIUM_WORKER_NAME", _name, ""),
        "Name of this media worker among the others. Empty: the host's name and the media port.",
    ),
    Setting(
        *("region", "ATRIUM_REGION", _name, ""),
        "Where this process stands (`eu-west`). A world takes media workers of its own region first, and "
        "those of a server's region before these.",
    ),
    Setting(
        *("pipe_address", "ATRIUM_PIPE_ADDRESS", _address, ""),
        "IP address at which other media workers reach this one, on the media port. Empty: the address it "
        "listens on, or the first of `media_address`. Where workers share a private network: its address "
        "there.",
    ),
    Setting(
        *("max_sessions", "ATRIUM_MAX_SESSIONS", _some, str(DEFAULT_SESSIONS)),
        "People and devices that one media worker takes at most, whatever its load.",
    ),
    Setting(
        *("max_mbit", "ATRIUM_MAX_MBIT", _count, "0"),
        "Mbit/s that one media worker may send: its load is the greater of what it uses of this and of its "
        "CPU, so that people go elsewhere, and far video first, before the network is full. 0: no limit.",
    ),
    Setting(
        *("drain_seconds", "ATRIUM_DRAIN_SECONDS", _count, "10"),
        "So long a media worker that is told to end (SIGTERM) waits for its sessions to move to others.",
    ),
    Setting(
        *("log_level", "ATRIUM_LOG_LEVEL", _choice("debug", "info", "warning", "error"), "info"),
        "How much is logged.",
    ),
    Setting(
        *("log_format", "ATRIUM_LOG_FORMAT", _choice("text", "json"), "text"),
        "How it is written: `text` for people, `json` (an object a line) for machines.",
    ),
    Setting(
        *("metrics_port", "ATRIUM_METRICS_PORT", _maybe_port, ""),
        "TCP port of its own for `/metrics`. Empty: `port`, for this machine and `metrics_token` only.",
    ),
    Setting(
        *("metrics_host", "ATRIUM_METRICS_HOST", _text, ""),
        "Address that `metrics_port` listens on. Empty: the same as `host`.",
    ),
    Setting(
        *("metrics_token", "ATRIUM_METRICS_TOKEN", _token, ""),
        "Who reads `/metrics` shows it (`Authorization: Bearer …`). Needed to read them from other machines.",
        secret=True,
    ),
    Setting(
        *("admins", "ATRIUM_ADMINS", _list, ""),
        "Usernames of those who may open `/admin`, with commas between them. Empty: whoever made the first "
        "account here. Make their accounts before you name them: a name that nobody has is anybody's to "
        "take.",
    ),
    Setting(
        *("session_days", "ATRIUM_SESSION_DAYS", _days, "30"),
        "Days after its last use at which a login ends.",
    ),
    Setting(
        *("devices_per_user", "ATRIUM_DEVICES_PER_USER", _count, str(DEFAULT_PER_USER)),
        "WHIP publishers and WHEP players that one member may have open at a time.",
    ),
    Setting(
        *("devices_per_zone", "ATRIUM_DEVICES_PER_ZONE", _count, str(DEFAULT_PER_ZONE)),
        "WHIP publishers and WHEP players that one zone takes.",
    ),
    Setting(
        *("chat_lines", "ATRIUM_CHAT_LINES", _at_least_one, "5000"),
        "Lines of chat kept of one zone, of one direct talk, and of everybody's chat of a server.",
    ),
    Setting(
        *("chat_days", "ATRIUM_CHAT_DAYS", _days, "365"),
        "Days after which chat is deleted.",
    ),
    Setting(
        *("chat_file_mb", "ATRIUM_CHAT_FILE_MB", _count, "10"),
        "Largest file in a chat, in MB. 0: no files.",
    ),
    Setting(
        *("chat_user_mb", "ATRIUM_CHAT_USER_MB", _count, "200"),
        "All files of one person on one server, in MB.",
    ),
    Setting(
        *("chat_server_mb", "ATRIUM_CHAT_SERVER_MB", _count, "2000"),
        "All files of one server, in MB. They lie in the data folder, which world nodes have to share.",
    ),
    Setting(
        *("database_url", "DATABASE_URL", _text, ""),
        "`postgresql://user:password@host/name` or `sqlite:///file`. Empty: SQLite in the data folder.",
        secret=True,
    ),
    Setting(
        *("redis_url", "REDIS_URL", _redis, ""),
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
