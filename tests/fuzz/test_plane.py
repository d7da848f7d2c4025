"""The native plane takes anything at all under AddressSanitizer and UBSan: a short run of `tools/asan.sh`."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("plane_fuzz.c")
FLAGS = ["-std=gnu11", "-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


@pytest.fixture(scope="module")
def fuzzer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        pytest.skip("no C compiler")
    made = tmp_path_factory.mktemp("fuzz") / "plane_fuzz"
    empty = made.with_name("empty.c")
    empty.write_text("int main(void) { return 0; }\n")
    if subprocess.run([compiler, *FLAGS, "-o", made, empty], capture_output=True, check=False).returncode:
        pytest.skip("this compiler has no sanitizers")
    subprocess.run([compiler, *FLAGS, "-Wall", "-Wextra", "-o", made, SOURCE, "-lm"], check=True)
    return made


@pytest.mark.parametrize("seed", [1, 2])
def test_no_datagram_and_no_command_makes_it_read_or_write_past_its_memory(fuzzer: Path, seed: int) -> None:
    done = subprocess.run(
        [fuzzer, str(seed), "4000"], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
