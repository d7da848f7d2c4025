"""Whether C can be compiled here, as an install would do it (`CC` says by what)."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path


@functools.cache
def compiler(flags: Sequence[str] = ()) -> str | None:
    """The compiler, when it compiles and links a program with these flags; None otherwise."""
    found = shutil.which(os.environ.get("CC", "cc"))
    if found is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, "empty")
        command = [found, *flags, "-x", "c", "-o", str(made), "-"]
        program = b"int main(void) { return 0; }\n"
        subprocess.run(command, input=program, capture_output=True, check=False)
        return found if made.exists() else None
