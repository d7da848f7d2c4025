"""Builds `world.native._native` with cffi: used by setup.py at install time.

Nothing of this project may be imported here: the packages that it needs are not there at build time. The
extension carries a digest of its source, so that one built from another version is never used.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from cffi import FFI

HERE = Path(__file__).resolve().parent
SOURCES = [HERE / "crossings.c", HERE / "views.c", HERE / "intake.c"]  # not what is generated beside them


def source_digest() -> str:
    """What tells one version of the extension's source from another."""
    total = hashlib.sha256()
    for path in (*SOURCES, Path(__file__).resolve()):
        total.update(path.read_bytes())
    return total.hexdigest()[:16]


ffibuilder = FFI()
ffibuilder.cdef(
    """
    typedef struct crossings { int32_t *pairs; ...; } crossings;
    crossings *crossings_new(const double *limits);
    void crossings_free(crossings *c);
    int crossings_add(crossings *c, int32_t number);
    void crossings_remove(crossings *c, int32_t number);
    int64_t crossings_look(crossings *c, int32_t count, const int32_t *who, const double *xy);
    typedef struct views views;
    views *views_new(void);
    void views_free(views *v);
    int views_add(views *v, int32_t number, const char *name, int32_t length);
    void views_wire(views *v, int32_t number, int32_t wire);
    int views_watch(views *v, int32_t number, int32_t x, int32_t y);
    void views_unwatch(views *v, int32_t number);
    int views_moved(views *v, int32_t groups, const int32_t *cells, const int32_t *sizes,
                    const int32_t *numbers, const double *xy, const int8_t *directions);
    int64_t views_part(views *v, int32_t x, int32_t y, char **part);
    void views_instead(views *v, int32_t x, int32_t y, const char *frame, int64_t size);
    void views_exempt(views *v, int32_t number);
    int32_t views_send(views *v, const int32_t *fds, int32_t *late);
    #define FOUND_BYTES ...
    typedef struct intake {
        int epoll;
        int32_t more;
        int32_t wires[...];
        int8_t kinds[...];
        double xs[...];
        double ys[...];
        int64_t numbers[...];
        int32_t sizes[...];
        char bytes[...];
        ...;
    } intake;
    intake *intake_new(void);
    void intake_free(intake *in);
    int intake_add(intake *in, int32_t wire, int fd, int amid);
    void intake_remove(intake *in, int fd);
    void intake_amid(intake *in, int32_t wire, int amid);
    int32_t intake_read(intake *in);
    char *native_source(void);
    """
)
ffibuilder.set_source(
    "world.native._native",
    f"""
    #include "crossings.c"
    #include "views.c"
    #include "intake.c"
    static char *native_source(void) {{ return "{source_digest()}"; }}
    """,
    include_dirs=[str(HERE)],
    depends=[str(path) for path in SOURCES],
    # Distances must come out as Python has them: no fused multiply-add.
    extra_compile_args=["-std=gnu11", "-O2", "-Wall", "-Wextra", "-ffp-contract=off"],
    optional=True,  # without a compiler or Python's headers pure Python does the work
)

if __name__ == "__main__":
    ffibuilder.compile(tmpdir=str(HERE.parent.parent), verbose=True)
