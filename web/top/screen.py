"""The overview drawn as lines of a terminal. Pure: what `/api/admin/overview` answered in, text out."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import Any

RESET, BOLD, DIM, REVERSE = "\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[7m"
GREEN, YELLOW, RED, CYAN = "\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[36m"
QUALITY = {"good": GREEN, "fair": YELLOW, "poor": RED, "none": DIM}
SIGNS = {"mic": "m", "camera": "c", "screen": "s", "screen_audio": ""}
# From here on a load is shown in yellow, and in red.
BUSY, FULL = 0.6, 0.85

Row = Sequence[tuple[str, str]]  # (text, colour)


def draw(view: dict[str, Any], width: int, height: int, colour: bool = True) -> list[str]:
    """At most `height` lines of at most `width` columns."""
    lines = [_line([_head(view)], width, colour, whole=True)]
    lines += _table(
        ("NODE", "VERSION", "SOCKETS", "SPACES", "PEOPLE", "CPU", "LAG"),
        [_node(node) for node in view["nodes"]],
        width,
        colour,
    )
    lines += _table(
        (
            "WORKER",
            "VERSION",
            "PLANE",
            "LOAD",
            "SESS",
            "PKT/S IN",
            "PKT/S OUT",
            "MBIT/S",
            "µS/PKT",
            "LOSS",
            "RTT",
            "LAG",
        ),
        [_worker(worker) for worker in view["workers"]],
        width,
        colour,
    )
    if not view["workers"]:
        lines.append(_line([("no media worker is alive: nobody hears anybody", RED)], width, colour))
    people = [
        _person(server, person)
        for server in view["servers"]
        for person in sorted(server["present"], key=lambda one: (-one["down_kbit"], one["name"]))
    ]
    room = max(0, height - len(lines) - 1)
    more = len(people) - room
    shown = people[: room - 1] if more > 0 and room > 0 else people
    lines += _table(
        ("PERSON", "SERVER", "ZONE", "WORKER", "ON", "KBIT/S UP", "DOWN", "LOST UP", "DOWN", "RTT", "MEDIA"),
        shown,
        width,
        colour,
    )
    if more > 0:
        lines.append(_line([(f"… and {len(people) - len(shown)} more", DIM)], width, colour))
    return lines[:height]


def _head(view: dict[str, Any]) -> tuple[str, str]:
    totals = view["totals"]
    when = datetime.fromtimestamp(view["at"]).strftime("%H:%M:%S")
    return (
        f" AtriumVerse {when}  {totals['people']} people in {totals['servers']} servers  "
        f"{totals['sessions']} media sessions  {totals['packets_out']:.0f} packets/s  "
        f"{totals['kbit_out'] / 1000:.1f} Mbit/s",
        REVERSE,
    )


def _node(node: dict[str, Any]) -> Row:
    return (
        (node["name"], CYAN),
        (node["version"], ""),
        (str(node["clients"]), ""),
        (str(node["spaces"]), ""),
        (str(node["people"]), BOLD),
        (f"{node['cpu']:.2f}", _load(node["cpu"])),
        _milliseconds(node["lag"], 0.1),
    )


def _worker(worker: dict[str, Any]) -> Row:
    # A world of the last release does not tell either.
    version, region = worker.get("version", ""), worker.get("region", "")
    name = worker["name"] + (f" in {region}" if region else "")
    name += " (draining)" if worker["draining"] else ""
    if not worker["answers"]:
        return ((name, RED), (version, ""), (worker["plane"], ""), ("does not answer", RED))
    micro = worker["packet_microseconds"]
    return (
        (name, YELLOW if worker["draining"] else CYAN),
        (version, ""),
        (worker["plane"], "" if worker["plane"] == "native" else YELLOW),
        (f"{worker['load']:.0%}", _load(worker["load"])),
        (str(worker["sessions"]), BOLD),
        (f"{worker['packets_in']:.0f}", ""),
        (f"{worker['packets_out']:.0f}", ""),
        (f"{worker['kbit_out'] / 1000:.1f}", ""),
        (f"{micro:.1f}" if micro >= 0 else "-", ""),
        _part(worker["loss"]),
        _milliseconds(worker["round_trip"], 0.3),
        _milliseconds(worker["lag"], 0.1),
    )


def _person(server: dict[str, Any], person: dict[str, Any]) -> Row:
    quality = person["quality"]
    return (
        (person["name"] + (" (device)" if person["presence"] == "device" else ""), ""),
        (server["name"], DIM),
        (person["zone"] or "-", DIM),
        (person["worker"] or "-", DIM),
        ("".join(SIGNS.get(source, "") for source in person["on"]) or "-", ""),
        (f"{person['up_kbit']:.0f}", ""),
        (f"{person['down_kbit']:.0f}", ""),
        _part(person["up_loss"] if quality != "none" else -1.0),
        _part(person["loss"]),
        _milliseconds(person["round_trip"], 0.3),
        (quality, QUALITY[quality]),
    )


def _load(load: float) -> str:
    return RED if load >= FULL else YELLOW if load >= BUSY else ""


def _part(part: float) -> tuple[str, str]:
    if part < 0:
        return "-", DIM
    return f"{part:.1%}", RED if part > 0.08 else YELLOW if part > 0.02 else ""


def _milliseconds(seconds: float, bad: float) -> tuple[str, str]:
    if seconds < 0:
        return "-", DIM
    return f"{seconds * 1000:.0f}ms", RED if seconds > bad else ""


# --- text ----------------------------------------------------------------------------------------


def _table(heads: Sequence[str], rows: Sequence[Row], width: int, colour: bool) -> list[str]:
    widths = [len(head) for head in heads]
    for row in rows:
        for column, (text, _) in enumerate(row):
            if len(row) == len(heads):
                widths[column] = max(widths[column], min(columns(clean(text)), 24))
    lines = [_cells([(head, BOLD) for head in heads], widths, width, colour)]
    return lines + [_cells(row, widths, width, colour) for row in rows]


def _cells(row: Row, widths: Sequence[int], width: int, colour: bool) -> str:
    parts = []
    for index, ((text, tint), wide) in enumerate(zip(row, widths, strict=False)):
        last_of_few = index == len(row) - 1 and len(row) < len(widths)
        fitted = clean(text) if last_of_few else fit(clean(text), wide)
        parts.append((fitted + " " * max(0, wide - columns(fitted)) + "  ", tint))
    return _line(parts, width, colour)


def _line(parts: Sequence[tuple[str, str]], width: int, colour: bool, whole: bool = False) -> str:
    out, left = [], width
    for text, tint in parts:
        shown = fit(text, left)
        left -= columns(shown)
        if whole:
            shown += " " * left
        out.append(f"{tint}{shown}{RESET}" if colour and tint else shown)
        if left <= 0:
            break
    return "".join(out) if colour else "".join(out).rstrip()


def clean(text: str) -> str:
    """Without what would move the cursor or colour the rest: names are other people's words."""
    return "".join(char if unicodedata.category(char)[0] != "C" else "\ufffd" for char in text)


def columns(text: str) -> int:
    """How many columns a terminal gives it."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def fit(text: str, width: int) -> str:
    """Cut to `width` columns."""
    used = 0
    for index, char in enumerate(text):
        used += columns(char)
        if used > width:
            return text[:index]
    return text
