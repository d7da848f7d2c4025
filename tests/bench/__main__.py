"""Runs every benchmark, one after the other, each in a process of its own, and prints its figures.

`python -m tests.bench` runs all, `python -m tests.bench forward walk_in` only these. A benchmark is a
module here with a docstring that says what it measures and a `main()` that prints; it prints CPU time per
unit or ratios, because wall-clock figures of a busy machine say nothing.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def benchmarks() -> dict[str, str]:
    """Name → first line of the docstring."""
    found = {}
    for path in sorted(HERE.glob("*.py")):
        tree = ast.parse(path.read_text())
        has_main = any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in tree.body)
        if has_main and path.stem != "__main__":
            found[path.stem] = (ast.get_docstring(tree) or path.stem).splitlines()[0]
    return found


def run() -> int:
    known = benchmarks()
    wanted = sys.argv[1:] or list(known)
    failed = 0
    for name in wanted:
        if name not in known:
            print(f"no benchmark is called {name}; there are: {', '.join(known)}", file=sys.stderr)
            return 2
        print(f"\n== {name}: {known[name]}", flush=True)
        failed |= subprocess.run([sys.executable, "-m", f"tests.bench.{name}"], check=False).returncode
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(run())
