"""The extensions are built where that is possible, and their absence stops no install."""

from __future__ import annotations

import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

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
    for package in ("sfu", "world", "world/native"):
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


@pytest.mark.parametrize(
    ("build", "made"), [("sfu/forward/native_build.py", "_plane.c"), ("world/native/build.py", "_native.c")]
)
def test_what_a_build_leaves_behind_makes_it_no_other_version(tmp_path: Path, build: str, made: str) -> None:
    script = str(shutil.copy(ROOT / build, tmp_path))
    for path in (ROOT / build).parent.iterdir():
        if path.suffix in (".c", ".h") and path.name != made:
            shutil.copy(path, tmp_path)
    before = runpy.run_path(script)["source_digest"]()
    (tmp_path / made).write_text("/* generated */")
    assert runpy.run_path(script)["source_digest"]() == before
