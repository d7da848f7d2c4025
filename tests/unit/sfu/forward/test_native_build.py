"""The extensions are built where that is possible, and their absence stops no install."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from signaling.extensions import source_digest
from tests.support.compiler import compiler

ROOT = Path(__file__).resolve().parents[4]


def build(folder: Path, **environment: str) -> tuple[subprocess.CompletedProcess[str], list[Path]]:
    """Build the extensions in a copy of what they take; returns what was said and the extensions made."""
    (folder / "sfu/forward").mkdir(parents=True)
    (folder / "world/native").mkdir(parents=True)
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    for path in (ROOT / "sfu/forward").iterdir():
        if path.suffix in (".c", ".h") or path.name in ("native_build.py", "__init__.py"):
            shutil.copy(path, folder / "sfu/forward")
    for path in (*(ROOT / "world/native").glob("*.c"), ROOT / "world/native/build.py"):
        shutil.copy(path, folder / "world/native")
    (folder / "signaling").mkdir()
    shutil.copy(ROOT / "signaling/extensions.py", folder / "signaling")
    for package in ("signaling", "sfu", "world", "world/native"):
        (folder / package / "__init__.py").touch()
    done = subprocess.run(
        [sys.executable, "setup.py", "build_ext", "--inplace"],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done, sorted([*folder.glob("sfu/forward/_*.so"), *folder.glob("world/native/_*.so")])


@pytest.mark.parametrize("missing", ["false", "a-compiler-that-is-not-there"])
def test_without_a_compiler_the_build_goes_on_without_them(tmp_path: Path, missing: str) -> None:
    done, extensions = build(tmp_path, CC=missing)
    assert done.returncode == 0, done.stderr
    assert extensions == []


@pytest.mark.skipif(
    compiler() is None or not sys.platform.startswith("linux"),
    reason="no C compiler",
)
def test_they_are_built_without_a_warning(tmp_path: Path) -> None:
    done, extensions = build(tmp_path, CFLAGS="-Wall -Wextra -Werror")
    assert done.returncode == 0, done.stderr
    assert [path.name for path in extensions] == ["_plane.abi3.so", "_native.abi3.so"], done.stderr


@pytest.mark.parametrize(("folder", "made"), [("sfu/forward", "_plane.c"), ("world/native", "_native.c")])
def test_another_version_is_told_from_what_a_build_leaves_behind(
    tmp_path: Path, folder: str, made: str
) -> None:
    copy = tmp_path / folder
    shutil.copytree(ROOT / folder, copy, ignore=shutil.ignore_patterns("_*", "*.py[co]"))
    before = source_digest(copy)
    (copy / made).write_text("/* generated */")
    assert source_digest(copy) == before
    for written in (*copy.glob("[!_]*.c"), *copy.glob("[!_]*.h"), *copy.glob("*build.py")):
        kept = written.read_text()
        written.write_text(kept + "\n")
        assert source_digest(copy) != before, written.name
        written.write_text(kept)
    assert source_digest(copy) == before
