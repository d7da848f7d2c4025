"""Builds the native plane's extension, `sfu.forward._plane`, with cffi: used by setup.py at install time.

What Python sees is the part of plane_api.h between the two `cdef` marks. Nothing of this project may be
imported here: the packages that it needs are not there at build time.
"""

from __future__ import annotations

import runpy
from pathlib import Path

from cffi import FFI

HERE = Path(__file__).resolve().parent
SOURCES = sorted([*HERE.glob("plane*.c"), *HERE.glob("plane*.h")])  # plane.c includes the others
EXTENSIONS = runpy.run_path(str(HERE.parents[1] / "signaling" / "extensions.py"))


def declarations() -> str:
    """What Python sees."""
    source = (HERE / "plane_api.h").read_text()
    return source.partition("/* cdef begin")[2].partition("*/")[2].partition("/* cdef end */")[0]


ffibuilder = FFI()
ffibuilder.cdef(declarations())
ffibuilder.cdef(
    """
    extern "Python" double plane_python_clock(void *clock);
    char *source_digest(void);
    """
)
ffibuilder.set_source(
    "sfu.forward._plane",
    f"""
    #include "plane.c"
    static char *source_digest(void) {{ return "{EXTENSIONS["source_digest"](HERE)}"; }}
    """,
    include_dirs=[str(HERE)],
    depends=[str(path) for path in SOURCES],
    extra_compile_args=["-std=gnu11", "-O2", "-Wall", "-Wextra"],
    optional=True,  # without a compiler or Python's headers the pure-Python plane does the work
)

if __name__ == "__main__":
    ffibuilder.compile(tmpdir=str(HERE.parent.parent), verbose=True)
