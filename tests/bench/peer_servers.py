"""The servers that `peers` compares: ours through WHIP and WHEP, and Debian's Janus, each started afresh.

Each is pinned to one core and gives the arguments that make a load generator talk to it.
"""

from __future__ import annotations

import contextlib
import http.cookiejar
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.atrium_server import AtriumServer
from tests.support.ports import answers, free_port

SERVER_CORE, GENERATOR_CORE = 0, 1
# A server that waits for its core finds more packets at once and looks cheaper than it is.
PREFERRED_NICENESS = -19
START_SECONDS = 15.0
# People whose devices the load is: one may bring 60 at once, and two a second from then on.
TICKETS = 6
# Janus gathers no ICE candidates on a loopback interface: a veth with an address of that range is none.
VETH, VETH_PEER, VETH_ADDRESS = "atriumbench0", "atriumbench1", "127.0.0.2"
JANUS_LIBRARIES = ("/usr/lib/x86_64-linux-gnu/janus", "/usr/lib/aarch64-linux-gnu/janus", "/usr/lib/janus")


class Unavailable(Exception):
    """This server cannot be measured here; the text says why."""


@dataclass(frozen=True)
class Target:
    """A running server. `client` are the generator's arguments for it."""

    pid: int
    client: list[str]


@contextlib.contextmanager
def pinned(core: int) -> Iterator[None]:
    """What is started inside runs on this core only; before other programs, where we may decide that."""
    cores = os.sched_getaffinity(0)
    if not {SERVER_CORE, GENERATOR_CORE} <= cores:
        raise Unavailable("two cores are needed: one for the server, one for the generator")
    os.sched_setaffinity(0, {core})
    niceness = os.getpriority(os.PRIO_PROCESS, 0)
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, PREFERRED_NICENESS)
    try:
        yield
    finally:
        os.setpriority(os.PRIO_PROCESS, 0, niceness)
        os.sched_setaffinity(0, cores)


class _Account:
    """A person with an account on a server, over plain HTTP."""

    def __init__(self, url: str) -> None:
        self._url = url
        cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(cookies))

    def call(self, method: str, path: str, body: object) -> dict[str, object]:
        request = urllib.request.Request(
            self._url + path,
            json.dumps(body).encode(),
            {"Content-Type": "application/json", "Origin": self._url},
            method=method,
        )
        with self._opener.open(request, timeout=10) as answer:
            found = json.load(answer)
        assert isinstance(found, dict)
        return found


def room_tickets(url: str, *names: str) -> tuple[str, list[str]]:
    """A new server's private room (its zone id), and for each a ticket to publish and to play there."""
    accounts = [_Account(url) for _ in names]
    for account, name in zip(accounts, names, strict=True):
        account.call("POST", "/api/auth/signup", {"username": name, "password": "correct horse battery"})
    made = {"name": "Bench", "map": "office", "access": "public"}
    server = accounts[0].call("POST", "/api/servers", made)
    zones = server["zones"]
    assert isinstance(zones, list)
    [room] = [zone["id"] for zone in zones if zone["name"] == "Room_1"]
    for account in accounts[1:]:
        account.call("POST", f"/api/servers/{server['id']}/join", {})
    wanted = {"publish": True, "play": True}
    found = [account.call("POST", f"/api/zones/{room}/ticket", wanted) for account in accounts]
    return room, [str(each["ticket"]) for each in found]


def room_ticket(url: str, name: str = "bench") -> tuple[str, str]:
    """The same for one."""
    room, [ticket] = room_tickets(url, name)
    return room, ticket


@contextlib.contextmanager
def atrium(plane: str) -> Iterator[Target]:
    """`atrium serve` with everything in one process, and a private room for the load."""
    with tempfile.TemporaryDirectory() as data:
        server = AtriumServer(
            Path(data),
            ATRIUM_PLANE=plane,
            ATRIUM_DEVICES_PER_USER="2000",
            ATRIUM_DEVICES_PER_ZONE="2000",
        )
        with pinned(SERVER_CORE):
            server.start()
        try:
            room, tickets = room_tickets(server.url, *(f"bench{i}" for i in range(TICKETS)))
            client = ["whip", "--whip", f"{server.url}/whip/{room}", "--whep", f"{server.url}/whep/{room}"]
            client += ["--ticket", ",".join(tickets)]
            yield Target(server.pid, client)
        finally:
            server.stop(check=False)


def _veth() -> None:
    shown = subprocess.run(["ip", "-o", "addr", "show", VETH], capture_output=True, text=True, check=False)
    if VETH_ADDRESS in shown.stdout:
        return
    for command in (
        f"ip link add {VETH} type veth peer name {VETH_PEER}",
        f"ip addr add {VETH_ADDRESS}/32 dev {VETH}",
        f"ip link set {VETH} up",
        f"ip link set {VETH_PEER} up",
    ):
        done = subprocess.run(command.split(), capture_output=True, text=True, check=False)
        if done.returncode:
            raise Unavailable(
                f"Janus needs a network interface of its own ({command}: {done.stderr.strip()})"
            )


def _janus_config(folder: Path, port: int, libraries: Path) -> None:
    """VideoRoom over HTTP and nothing else, one event loop for all handles: Janus at its best here."""
    plugins = [file.name for file in (libraries / "plugins").glob("*.so") if "videoroom" not in file.name]
    transports = [file.name for file in (libraries / "transports").glob("*.so") if "http" not in file.name]
    (folder / "janus.jcfg").write_text(
        f"""
general: {{
    configs_folder = "{folder}"
    plugins_folder = "{libraries}/plugins"
    transports_folder = "{libraries}/transports"
    events_folder = "{folder}/none"
    loggers_folder = "{folder}/none"
    debug_level = 3
    event_loops = 1
    session_timeout = 300
}}
nat: {{
    ice_enforce_list = "{VETH_ADDRESS}"
}}
media: {{
    rtp_port_range = "20000-39999"
}}
plugins: {{
    disable = "{",".join(plugins)}"
}}
transports: {{
    disable = "{",".join(transports)}"
}}
"""
    )
    (folder / "janus.plugin.videoroom.jcfg").write_text("general: {\n    string_ids = false\n}\n")
    (folder / "janus.transport.http.jcfg").write_text(
        f"""
general: {{
    json = "compact"
    base_path = "/janus"
    http = true
    ip = "127.0.0.1"
    port = {port}
    https = false
}}
admin: {{
    admin_http = false
    admin_https = false
}}
"""
    )


@contextlib.contextmanager
def janus() -> Iterator[Target]:
    """Debian's Janus with one event loop (its default, a thread for each handle, costs more)."""
    program = shutil.which("janus")
    libraries = next((Path(path) for path in JANUS_LIBRARIES if Path(path, "plugins").is_dir()), None)
    if program is None or libraries is None:
        raise Unavailable("Janus is not installed (Debian: apt-get install janus)")
    if shutil.which("ip") is None:
        raise Unavailable("Janus needs a network interface of its own, made with `ip` (Debian: iproute2)")
    _veth()
    port = free_port()
    with tempfile.TemporaryDirectory() as name, Path(name, "log").open("w") as log:
        folder = Path(name)
        _janus_config(folder, port, libraries)
        with pinned(SERVER_CORE):
            process = subprocess.Popen(
                [program, "-F", name, "-C", str(folder / "janus.jcfg")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            started = time.monotonic()
            while not answers(port):
                if process.poll() is not None or time.monotonic() - started > START_SECONDS:
                    text = (folder / "log").read_text()[-1000:]
                    raise Unavailable(f"Janus did not start:\n{text}")
                time.sleep(0.1)
            url = f"http://127.0.0.1:{port}/janus"
            yield Target(process.pid, ["janus", "--url", url, "--address", VETH_ADDRESS])
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def server(name: str) -> contextlib.AbstractContextManager[Target]:
    """`janus`, or one of our planes."""
    return janus() if name == "janus" else atrium(name)
