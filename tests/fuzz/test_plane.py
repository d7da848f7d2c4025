"""The native plane takes anything at all under AddressSanitizer and UBSan: a short run of `tools/asan.sh`."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.compiler import compiler

SOURCE = Path(__file__).with_name("plane_fuzz.c")
FLAGS = ("-std=gnu11", "-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


@pytest.fixture(scope="module")
def fuzzer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = compiler(FLAGS)
    if found is None:
        pytest.skip("no C compiler with sanitizers")
    made = tmp_path_factory.mktemp("fuzz") / "plane_fuzz"
    subprocess.run([found, *FLAGS, "-Wall", "-Wextra", "-o", made, SOURCE, "-lm"], check=True)
    return made


@pytest.mark.parametrize("seed", [1, 2])
def test_no_datagram_and_no_command_makes_it_read_or_write_past_its_memory(fuzzer: Path, seed: int) -> None:
    done = subprocess.run(
        [fuzzer, str(seed), "4000"], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
