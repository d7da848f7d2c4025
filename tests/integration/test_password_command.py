"""`atrium password`: who has forgotten theirs comes in again, and whoever was logged in is not any more."""

from __future__ import annotations

import asyncio
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.atrium_server import AtriumServer
from tests.support.databases import empty_database
from tests.support.walker import PASSWORD, Walker
from tools.install import VENV
from web.commands.password import SIGNS, made
from world.storage.migrate import upgrade


async def atrium(*arguments: str, given: str = "", **environment: str) -> tuple[int, str, str]:
    """Exit code, what it says, what it complains about."""
    done = await asyncio.to_thread(
        subprocess.run,
        [str(VENV / "bin" / "atrium"), "password", *arguments],
        env={"PATH": "/usr/bin:/bin", **environment},
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr


async def log_in(url: str, username: str, password: str, expect: int = 200) -> None:
    browser = Walker(url)
    await browser.call("POST", "/api/auth/login", {"username": username, "password": password}, expect)
    await browser.close()


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
async def test_a_new_password_opens_and_nothing_older_does(backend: str, tmp_path: Path) -> None:
    async with empty_database(backend, tmp_path) as database:
        await upgrade(database)
        where = database.url.set(drivername=backend).render_as_string(hide_password=False)
        with AtriumServer(tmp_path / "data", DATABASE_URL=where) as server:
            ada, bob = await Walker(server.url).sign_up(), await Walker(server.url).sign_up()
            code, said, wrong = await atrium(ada.username.upper(), DATABASE_URL=where)
            assert (code, wrong) == (0, "")
            found = re.search(r"new password: (\S+)", said)
            assert found is not None
            assert said.startswith(f"{ada.username} has")
            await ada.call("GET", "/api/auth/me", expect=401)
            await bob.call("GET", "/api/auth/me")
            await log_in(server.url, ada.username, PASSWORD, 401)
            await log_in(server.url, ada.username, found[1])

            code, said, _ = await atrium(
                ada.username, "--ask", given="my own choice\nmore\n", DATABASE_URL=where
            )
            assert code == 0
            assert "my own choice" not in said
            await log_in(server.url, ada.username, found[1], 401)
            await log_in(server.url, ada.username, "my own choice")

            wrongs = (
                ("short\n", ada.username, 2, "8 to 256 characters"),
                ("long enough\n", "nobody", 1, "there is no account nobody"),
            )
            for given, name, expected, words in wrongs if backend == "sqlite" else ():
                code, said, wrong = await atrium(name, "--ask", given=given, DATABASE_URL=where)
                assert (code, said) == (expected, "")
                assert words in wrong
                assert len(wrong.splitlines()) == 1
            await log_in(server.url, ada.username, "my own choice")
            await ada.close()
            await bob.close()


async def test_a_wrong_folder_is_told_and_nothing_is_made_there(tmp_path: Path) -> None:
    code, said, wrong = await atrium("ada", ATRIUM_DATA=str(tmp_path / "elsewhere"))
    assert (code, said) == (1, "")
    assert "there is no database in" in wrong
    assert not (tmp_path / "elsewhere").exists()


def test_passwords_that_are_made_differ_and_have_no_sign_that_is_taken_for_another() -> None:
    many = {made() for _ in range(100)}
    assert len(many) == 100
    assert all(re.fullmatch(rf"([{SIGNS}]{{4}}-){{3}}[{SIGNS}]{{4}}", one) for one in many)
    assert not set(SIGNS) & set("0o1l")
