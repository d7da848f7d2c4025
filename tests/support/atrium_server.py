"""The whole product as an operator starts it: `atrium serve` in a process of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

from tests.support.ports import free_port
from tools.install import VENV

START_SECONDS = 90.0


class AtriumServer:
    """`with AtriumServer(data) as server:` starts it, waits until it is ready, and ends it cleanly."""

    def __init__(self, data: Path, role: str = "serve", **settings: str) -> None:
        self.port = free_port()
        self.media_port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.lines: list[str] = []
        # A command that runs it elsewhere (`ip netns exec …`).
        self.prefix: tuple[str, ...] = ()
        # The folder of another build that is run instead (`tests.support.older`), from the next start on.
        self.build: Path | None = None
        self._command = [str(VENV / "bin" / "atrium"), role]
        keep = {k: v for k, v in os.environ.items() if not k.startswith("ATRIUM_")}
        keep.pop("DATABASE_URL", None)
        keep.pop("REDIS_URL", None)
        self._environment = keep | {
            "ATRIUM_PORT": str(self.port),
            "ATRIUM_MEDIA_PORT": str(self.media_port),
            "ATRIUM_DATA": str(data),
            **settings,
        }
        self._ready = threading.Event()
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> AtriumServer:
        """Start it and wait until it says `ready`. Raises AssertionError with its output otherwise."""
        self.launch()
        return self.wait_ready()

    def launch(self) -> None:
        """Start it; `wait_ready` before it is used."""
        self._ready.clear()
        self._process = subprocess.Popen(
            [*self.prefix, *self._command],
            env=self._environment | ({"PYTHONPATH": str(self.build)} if self.build else {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_ready(self) -> AtriumServer:
        """Until it says `ready`."""
        assert self._process is not None
        started = time.monotonic()
        while not self._ready.wait(0.05):
            if self._process.poll() is not None or time.monotonic() - started > START_SECONDS:
                self.stop(check=False)
                raise AssertionError("atrium did not start:\n" + "\n".join(self.lines[-40:]))
        return self

    def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.rstrip())
            if re.search(r"\bready\b", line):
                self._ready.set()

    def stop(self, check: bool = True) -> None:
        """SIGTERM to its process group. `check`: it must end within 30 s with code 0."""
        if self._process is None:
            return
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
        try:
            code = self._process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            code = self._process.wait()
        self._reader.join(5)
        assert self._process.stdout is not None
        # A child that outlived it still holds the pipe, and closing would wait for that.
        if not self._reader.is_alive():
            self._process.stdout.close()
        self._process = None
        if check:
            assert code == 0, f"atrium ended with {code}:\n" + "\n".join(self.lines[-40:])

    def __enter__(self) -> AtriumServer:
        return self.start()

    def __exit__(self, kind: object, *rest: object) -> None:
        self.stop(check=kind is None)
