"""Builds `world.native._native` with cffi: used by setup.py at install time.

Nothing of this project may be imported here: the packages that it needs are not there at build time.
"""

from __future__ import annotations

import runpy
from pathlib import Path

from cffi import FFI

HERE = Path(__file__).resolve().parent
SOURCES = [HERE / "crossings.c", HERE / "views.c", HERE / "intake.c"]  # not what is generated beside them

EXTENSIONS = runpy.run_path(str(HERE.parents[1] / "signaling" / "extensions.py"))

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
    char *source_digest(void);
    """
)
ffibuilder.set_source(
    "world.native._native",
    f"""
    #include "crossings.c"
    #include "views.c"
    #include "intake.c"
    static char *source_digest(void) {{ return "{EXTENSIONS["source_digest"](HERE)}"; }}
    """,
    include_dirs=[str(HERE)],
    depends=[str(path) for path in SOURCES],
    # Distances must come out as Python has them: no fused multiply-add.
    extra_compile_args=["-std=gnu11", "-O2", "-Wall", "-Wextra", "-ffp-contract=off"],
    optional=True,  # without a compiler or Python's headers pure Python does the work
)

if __name__ == "__main__":
    ffibuilder.compile(tmpdir=str(HERE.parent.parent), verbose=True)
