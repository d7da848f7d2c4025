"""Machines of our own: network namespaces on a bridge, whose cables a test can cut.

Needs root and iproute2. Without the right to make namespaces tests are skipped; without iproute2 they are
skipped at home and fail in CI.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from collections.abc import Sequence

import pytest

MISSING = "no network namespaces for these tests: install the Debian package `iproute2`"
_numbers = itertools.count()


def _run(*command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")


class Machines:
    """`names` machines on one bridge with this machine. `with Machines("a", "b") as machines:`"""

    def __init__(self, *names: str) -> None:
        if shutil.which("ip") is None or shutil.which("bridge") is None:
            if os.environ.get("CI", "").lower() in {"1", "true"}:
                pytest.fail(MISSING)
            pytest.skip(MISSING)
        number = os.getpid() % 4096 * 8 + next(_numbers) % 8
        self._tag = f"at{number:x}"
        # A network of TEST-NET-like size out of 10.64.0.0/10, one for each process and try.
        self._net = f"10.{64 + (number >> 8) % 64}.{number & 255}"
        self._names = names
        self.host = f"{self._net}.1"

    def address(self, name: str) -> str:
        """A machine's address."""
        return f"{self._net}.{2 + self._names.index(name)}"

    def prefix(self, name: str) -> tuple[str, ...]:
        """The command that runs another one on that machine."""
        return ("ip", "netns", "exec", f"{self._tag}{name}")

    def cut(self, *names: str) -> None:
        """These machines cannot reach each other any more; this machine reaches all of them."""
        self._isolate(names, "on")

    def mend(self, *names: str) -> None:
        """They can again."""
        self._isolate(names, "off")

    def _isolate(self, names: Sequence[str], state: str) -> None:
        for name in names:
            _run("bridge", "link", "set", "dev", f"{self._tag}v{name}", "isolated", state)

    def __enter__(self) -> Machines:
        try:
            self._make()
        except OSError as error:
            self.__exit__()
            pytest.skip(f"no network namespaces here: {error}")
        return self

    def _make(self) -> None:
        tag = self._tag
        _run("ip", "link", "add", tag, "type", "bridge")
        _run("ip", "addr", "add", f"{self.host}/24", "dev", tag)
        _run("ip", "link", "set", tag, "up")
        for name in self._names:
            space, cable = f"{tag}{name}", f"{tag}v{name}"
            _run("ip", "netns", "add", space)
            _run("ip", "link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", space)
            _run("ip", "link", "set", cable, "master", tag, "up")
            inside = ("ip", "-n", space)
            _run(*inside, "addr", "add", f"{self.address(name)}/24", "dev", "eth0")
            _run(*inside, "link", "set", "eth0", "up")
            _run(*inside, "link", "set", "lo", "up")

    def __exit__(self, *_: object) -> None:
        for name in self._names:
            subprocess.run(["ip", "netns", "del", f"{self._tag}{name}"], check=False, capture_output=True)
        subprocess.run(["ip", "link", "del", self._tag], check=False, capture_output=True)
