"""A real coturn on free ports of 127.0.0.1, with the project's own turnserver.conf."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.ports import answers, free_port

ROOT = Path(__file__).resolve().parents[2]
HOW_TO_INSTALL = "no coturn: apt-get install coturn"


def turn_binary() -> str:
    """Path of turnserver; fails the test in CI, skips it elsewhere, when there is none."""
    if path := shutil.which("turnserver"):
        return path
    if os.environ.get("CI"):
        pytest.fail(HOW_TO_INSTALL)
    pytest.skip(HOW_TO_INSTALL)


class TurnServer:
    """`with TurnServer(secret, folder) as turn:`; `extra` are further command line options."""

    def __init__(self, secret: str, folder: Path, *extra: str) -> None:
        self.port = free_port()
        self._log = folder / "turn.log"
        # The default Debian configuration must not be mixed in; ours is the one under test.
        self._command = [
            turn_binary(),
            "-c",
            str(ROOT / "deploy" / "turnserver.conf"),
            f"--static-auth-secret={secret}",
            f"--listening-port={self.port}",
            "--listening-ip=127.0.0.1",
            "--relay-ip=127.0.0.1",
            "--no-tls",
            "--no-dtls",
            f"--pidfile={folder / 'turn.pid'}",
            f"--db={folder / 'turn.db'}",
            *extra,
        ]

    def __enter__(self) -> TurnServer:
        with self._log.open("w") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=subprocess.STDOUT)
        end = time.monotonic() + 10
        while not answers(self.port):
            if self._process.poll() is not None or time.monotonic() > end:
                self.__exit__()
                raise AssertionError("coturn did not start:\n" + self._log.read_text()[-2000:])
            time.sleep(0.05)
        return self

    def kill(self) -> None:
        """As a crash would: its allocations are gone. `__enter__` starts it again on the same port."""
        self._process.kill()
        self._process.wait(10)

    def __exit__(self, *rest: object) -> None:
        self._process.terminate()
        self._process.wait(10)
