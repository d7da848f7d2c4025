"""An older build of this very repository, to be run beside the present one.

Its files are taken out of git and its extensions are built where there is a compiler; its packages are the
present ones, since what is tried is what two releases say to each other.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tools.install import ROOT

# Names another one: a tag or a commit.
VARIABLE = "ATRIUM_OLDER"
# Where no release is tagged: so many commits ago.
COMMITS_AGO = 100
BUILD_SECONDS = 120


def _git(*words: str) -> str:
    """What git answers; empty where it cannot."""
    try:
        done = subprocess.run(
            ["git", *words], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def older_commit() -> str:
    """The one that is asked for, else the last release that is not this commit, else one of some time ago.

    Skips the test where history does not go back that far.
    """
    asked = os.environ.get(VARIABLE)
    name = asked or _git("describe", "--tags", "--abbrev=0", "HEAD~1") or f"HEAD~{COMMITS_AGO}"
    commit = _git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    if not commit:
        pytest.skip(f"git does not know {name} here (a shallow clone, or no clone at all)")
    return commit


def older_build(folder: Path) -> Path:
    """Put the older build into `folder`. Returns where it is."""
    commit = older_commit()
    archive = subprocess.run(
        ["git", "archive", "--format=tar", commit], cwd=ROOT, capture_output=True, timeout=60, check=True
    )
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(folder, filter="data")
    subprocess.run(
        [sys.executable, "setup.py", "-q", "build_ext", "--inplace"],
        cwd=folder,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        capture_output=True,
        timeout=BUILD_SECONDS,
        check=False,  # without a compiler its pure Python does the work
    )
    found = subprocess.run(
        [sys.executable, "-P", "-c", "import web.cli; print(web.cli.__file__)"],
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=True,
    )
    assert Path(found.stdout.strip()).is_relative_to(folder), f"the present build runs: {found.stdout}"
    print(f"\nthe older build is {_git('log', '-1', '--format=%h of %cs', commit)}")
    return folder
