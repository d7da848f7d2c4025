"""docker-compose.yml and turnserver.conf fit the product that they start."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from web.settings import SETTINGS

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def test_the_compose_file_starts_every_part() -> None:
    assert set(COMPOSE["services"]) == {"world", "worker", "redis", "postgres", "coturn"}
    assert COMPOSE["services"]["world"]["command"] == ["world"]
    assert COMPOSE["services"]["worker"]["command"] == ["worker"]


def test_every_variable_of_the_compose_file_is_a_setting() -> None:
    known = {setting.env for setting in SETTINGS}
    for name in ("world", "worker"):
        used = set(COMPOSE["services"][name]["environment"])
        assert used <= known, f"{name}: {used - known}"


def test_the_relay_takes_our_credentials_and_reaches_nothing_private() -> None:
    lines = (ROOT / "turnserver.conf").read_text().splitlines()
    assert "use-auth-secret" in lines
    assert "no-multicast-peers" in lines
    denied = [line.split("=")[1] for line in lines if line.startswith("denied-peer-ip=")]
    for network in ("10.0.0.0", "127.0.0.0", "172.16.0.0", "192.168.0.0", "169.254.0.0", "::1", "fc00::"):
        assert any(re.match(rf"{re.escape(network)}(-|$)", rule) for rule in denied), network
