"""Installs everything that a Make target needs, into .venv and node_modules, and says what it does.

`python3 tools/install.py run` is what `make run` needs, `... test` also what the tests need. Each step
leaves a stamp made of its inputs, so a second call does nothing and takes no time. Needs nothing but
the standard library; the top of the file is kept readable to old Pythons so that they can be told.
"""

import hashlib
import os
import shutil
import ssl
import subprocess
import sys
import time

if sys.version_info < (3, 11):  # noqa: UP036 - the Python that runs this may be an old one
    sys.exit(
        "AtriumVerse needs Python 3.11 or newer, and %s is %d.%d; name another: make run PYTHON=/path/to/it"  # noqa: UP031
        % (sys.executable, sys.version_info[0], sys.version_info[1])
    )

from collections.abc import Callable, Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMPS = VENV / "stamps"
CLIENT = ROOT / "web" / "client"
BROWSER = ROOT / "tests" / "e2e" / "browser"


def python() -> str:
    return str(VENV / "bin" / "python")


def fail(message: str) -> "None":
    sys.exit(f"install: {message}")


def system_certificates() -> dict[str, str]:
    """Have the clients trust what this machine trusts: some networks have an authority of their own."""
    trust = {"UV_SYSTEM_CERTS": "true", "NODE_USE_SYSTEM_CA": "1"}
    for bundle in (ssl.get_default_verify_paths().cafile, "/etc/ssl/certs/ca-certificates.crt"):
        if bundle and os.path.exists(bundle):
            trust["PIP_CERT"] = bundle
            break
    return trust


def run(command: list[str], cwd: Path = ROOT) -> None:
    """Run quietly; on failure show the end of what it said and stop."""
    # Node of the virtual environment comes first for what npm starts.
    path = f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**system_certificates(), **os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        tail = "\n".join(done.stdout.strip().splitlines()[-15:])
        fail(f"`{' '.join(command)}` failed:\n{tail}")


def digest(paths: Iterable[Path]) -> str:
    total = hashlib.sha256()
    for path in sorted(paths):
        total.update(str(path.relative_to(ROOT)).encode())
        total.update(path.read_bytes())
    return total.hexdigest()


def step(name: str, what: str, inputs: Iterable[Path], work: "Callable[[], None]") -> None:
    """Do `work` unless it was done with the same inputs."""
    stamp = STAMPS / name
    wanted = digest(inputs)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print(f"  {what} … ", end="", flush=True)
    started = time.monotonic()
    work()
    STAMPS.mkdir(parents=True, exist_ok=True)
    stamp.write_text(wanted)
    print(f"{time.monotonic() - started:.0f} s", flush=True)


def make_venv() -> None:
    if VENV.exists():
        shutil.rmtree(VENV)
    done = subprocess.run(
        [sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        said = (done.stdout + done.stderr).strip().splitlines()
        fail(
            f"this Python cannot make a virtual environment ({said[-1] if said else 'no reason given'}); "
            "on Debian and Ubuntu: apt-get install python3-venv"
        )


def install_uv() -> None:
    run([python(), "-m", "pip", "install", "-q", "--require-hashes", "-r", "tools/uv.lock"])


def install_packages(lock: str) -> None:
    uv = str(VENV / "bin" / "uv")
    run([uv, "pip", "install", "--python", python(), "--require-hashes", "-r", lock])


def install_project() -> None:
    uv = str(VENV / "bin" / "uv")
    run([uv, "pip", "install", "--python", python(), "--no-deps", "--no-build-isolation", "-e", "."])


def npm_ci(folder: Path) -> None:
    npm = str(VENV / "bin" / "npm")
    run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder)


def client_sources() -> list[Path]:
    kinds = {".ts", ".mjs", ".json"}
    return [
        p for p in CLIENT.rglob("*") if p.suffix in kinds and "node_modules" not in p.parts and p.is_file()
    ]


def build_client() -> None:
    run([str(VENV / "bin" / "node"), "build.mjs"], cwd=CLIENT)


def native_sources() -> list[Path]:
    return [p for p in (ROOT / "pyproject.toml", ROOT / "setup.py") if p.exists()] + [
        ROOT / "signaling" / "extensions.py",
        *(ROOT / "sfu" / "forward").glob("[!_]*.[ch]"),
        ROOT / "sfu" / "forward" / "native_build.py",
        *(ROOT / "world" / "native").glob("[!_]*.[ch]"),
        ROOT / "world" / "native" / "build.py",
    ]


def find_chromium() -> str | None:
    """The Chromium of the system, if there is one."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    return None


def install(target: str) -> None:
    lock = "requirements-dev.lock" if target == "test" else "requirements.lock"
    if not os.access(ROOT, os.W_OK):
        fail(f"{ROOT} is read-only; AtriumVerse installs into {VENV}")
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if not (VENV / "bin" / f"python{version}").exists():
        print("Installing AtriumVerse (about a minute, once):", flush=True)
        make_venv()
    step("uv", "the installer", [ROOT / "tools" / "uv.lock"], install_uv)
    # The lock of the tests holds everything of the other, at the same versions.
    stamp = STAMPS / "packages-test"
    if target == "run" and stamp.exists() and stamp.read_text() == digest([ROOT / "requirements-dev.lock"]):
        pass
    else:
        step(f"packages-{target}", "Python packages", [ROOT / lock], lambda: install_packages(lock))
    step("project", "AtriumVerse", native_sources(), install_project)
    modules = CLIENT / "node_modules"
    if not modules.exists():
        (STAMPS / "npm").unlink(missing_ok=True)
    step("npm", "client packages", [CLIENT / "package-lock.json"], lambda: npm_ci(CLIENT))
    if not (ROOT / "web" / "static" / "app").exists():
        (STAMPS / "client").unlink(missing_ok=True)
    step("client", "the browser client", client_sources(), build_client)
    if target == "test" and find_chromium() is None:
        step("browser", "a Chromium for the tests", [BROWSER / "package-lock.json"], lambda: npm_ci(BROWSER))


def main() -> None:
    target = sys.argv[1] if len(sys.argv) > 1 else "run"
    if target not in ("run", "test"):
        fail("say `run` or `test`")
    try:
        install(target)
    except OSError as error:
        fail(f"{error.strerror or error}: {error.filename or ROOT}")
    except KeyboardInterrupt:
        fail("interrupted")


if __name__ == "__main__":
    main()
