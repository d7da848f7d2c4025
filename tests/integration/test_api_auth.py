"""Accounts over HTTP: signing up, logging in and out, cookies, limits, and requests from other sites."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
from argon2 import Parameters, PasswordHasher, extract_parameters

from signaling.ratelimit import KeyedBuckets
from tests.support.api import cookie_of, refusal, running_api
from world.api.identity import COOKIE
from world.api.services import Limits
from world.storage.passwords import Passwords

ADA = {"username": "ada", "password": "correct horse"}


async def test_signing_up_logs_in_with_a_cookie_that_scripts_cannot_read(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        browser = api.browser()
        response = await browser.call("POST", "/api/auth/signup", ADA | {"display_name": "Ada L."})
        assert response.status == 201
        body = await response.json()
        assert body["user"]["username"] == "ada"
        assert body["user"]["display_name"] == "Ada L."
        assert "password" not in str(body)
        assert response.headers["Cache-Control"] == "no-store"
        cookie = cookie_of(response, COOKIE)
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert cookie["path"] == "/"
        assert not cookie["secure"]
        assert 29 * 86400 < int(cookie["max-age"]) <= 30 * 86400
        assert (await browser.ok("GET", "/api/auth/me"))["user"] == body["user"]


async def test_the_cookie_is_secure_when_browsers_come_by_https(tmp_path: Path) -> None:
    async with running_api(tmp_path, public_url="https://meet.example.org") as api:
        response = await api.browser().call("POST", "/api/auth/signup", ADA)
        assert cookie_of(response, COOKIE)["secure"]
    (tmp_path / "behind").mkdir()
    async with running_api(tmp_path / "behind", trusted_proxies=("127.0.0.0/8",)) as api:
        https = {"X-Forwarded-Proto": "https"}
        response = await api.browser().call("POST", "/api/auth/signup", ADA, headers=https)
        assert cookie_of(response, COOKIE)["secure"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (ADA | {"username": "ad"}, "username"),
        (ADA | {"username": "a" * 33}, "username"),
        (ADA | {"username": "ada lovelace"}, "username"),
        (ADA | {"username": "_ada"}, "username"),
        (ADA | {"username": "ada\u202e"}, "username"),
        (ADA | {"password": "short"}, "password"),
        (ADA | {"password": "p" * 257}, "password"),
        (ADA | {"display_name": "\u0007bell"}, "display_name"),
        (ADA | {"display_name": "x" * 65}, "display_name"),
        (ADA | {"avatar": "../secret"}, "avatar"),
        ({"username": "ada"}, None),
        (ADA | {"username": 7}, "username"),
        (ADA | {"is_admin": True}, None),
    ],
)
async def test_a_field_that_breaks_its_rule_is_named(
    tmp_path: Path, body: dict[str, object], field: str | None
) -> None:
    async with running_api(tmp_path) as api:
        browser = api.browser()
        assert await browser.refused("POST", "/api/auth/signup", body) == (422, "bad_field", field)
        assert (await browser.call("GET", "/api/auth/me")).status == 401


@pytest.mark.parametrize("other", ["ada", "ADA", "Ａｄａ", " ada "])
async def test_a_username_is_taken_in_every_spelling(tmp_path: Path, other: str) -> None:
    async with running_api(tmp_path) as api:
        await api.browser().sign_up("Ada")
        taken = await api.browser().refused(
            "POST", "/api/auth/signup", {"username": other, "password": "another one"}
        )
        assert taken == (409, "username_taken", "username")
        await api.browser().ok("POST", "/api/auth/login", {"username": other, "password": "correct horse"})


async def test_two_signups_of_one_name_at_once_make_one_account(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        browsers = [api.browser() for _ in range(5)]
        answers = await asyncio.gather(*(one.call("POST", "/api/auth/signup", ADA) for one in browsers))
        assert sorted(answer.status for answer in answers) == [201, 409, 409, 409, 409]


class WatchedHasher(PasswordHasher):
    """Remembers the cost of every hash that it computes."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.costs: list[Parameters] = []

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        made = super().hash(password, salt=salt)
        self.costs.append(extract_parameters(made))
        return made

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
        self.costs.append(extract_parameters(hash if isinstance(hash, str) else hash.decode()))
        return super().verify(hash, password)


async def test_a_wrong_name_and_a_wrong_password_look_the_same_and_cost_the_same_hash(tmp_path: Path) -> None:
    """By what is computed and not by the clock, which a busy machine makes say anything."""
    async with running_api(tmp_path) as api:
        hasher = WatchedHasher()
        passwords = api.services.users.passwords = Passwords(hasher)
        await api.browser().sign_up("ada")
        browser = api.browser()
        texts, costs = set(), []
        # The first of all makes the hash that stands for unknown names.
        for name in ("ada", "ada", "nobody", "x", "nobody else " * 3):
            hasher.costs.clear()
            response = await browser.call(
                "POST", "/api/auth/login", {"username": name, "password": "wrong horse"}
            )
            assert response.status == 401
            texts.add(await response.text())
            costs.append(list(hasher.costs))
        passwords.close()
        assert len(texts) == 1
        known, *unknown = costs[1:]
        assert len(known) == 1
        assert unknown == [known] * len(unknown)


async def test_guessing_a_password_is_slowed_down_for_that_name_only(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        await api.browser().sign_up("ada")
        await api.browser().sign_up("bob")
        browser = api.browser()
        wrong = {"username": "ADA", "password": "guess"}
        codes = [(await browser.call("POST", "/api/auth/login", wrong)).status for _ in range(11)]
        assert codes == [401] * 10 + [429]
        response = await browser.call("POST", "/api/auth/login", ADA)
        assert (await refusal(response))[1] == "too_many_requests"
        assert int(response.headers["Retry-After"]) >= 1
        await browser.ok("POST", "/api/auth/login", {"username": "bob", "password": "correct horse"})


async def test_one_address_cannot_make_accounts_without_end(tmp_path: Path) -> None:
    limits = Limits(signup=KeyedBuckets(0.001, 3))
    async with running_api(tmp_path, limits=limits) as api:
        codes = []
        for number in range(4):
            body = ADA | {"username": f"ada{number}"}
            codes.append((await api.browser().call("POST", "/api/auth/signup", body)).status)
        assert codes == [201, 201, 201, 429]


async def test_behind_a_trusted_proxy_limits_count_its_clients(tmp_path: Path) -> None:
    limits = Limits(signup=KeyedBuckets(0.001, 1))
    async with running_api(tmp_path, limits=limits, trusted_proxies=("127.0.0.1",)) as api:
        codes = []
        # The last entry is the proxy's word; what stands before it is the client's own claim.
        for number, claimed in enumerate(
            ["203.0.113.1", "203.0.113.2", "6.6.6.6, 203.0.113.1", "2001:db8::1", "2001:db8::2"]
        ):
            body = ADA | {"username": f"ada{number}"}
            headers = {"X-Forwarded-For": claimed}
            response = await api.browser().call("POST", "/api/auth/signup", body, headers=headers)
            codes.append(response.status)
        assert codes == [201, 201, 429, 201, 429]


async def test_a_stranger_cannot_choose_the_address_that_limits_count(tmp_path: Path) -> None:
    limits = Limits(signup=KeyedBuckets(0.001, 1))
    async with running_api(tmp_path, limits=limits) as api:
        codes = []
        for number in range(2):
            body = ADA | {"username": f"ada{number}"}
            headers = {"X-Forwarded-For": f"203.0.113.{number}"}
            response = await api.browser().call("POST", "/api/auth/signup", body, headers=headers)
            codes.append(response.status)
        assert codes == [201, 429]


async def test_logging_out_ends_the_session_and_the_seat(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        browser = api.browser()
        user_id = await browser.sign_up("ada")
        server = await browser.make_server()
        stolen = browser.client.session.cookie_jar.filter_cookies(browser.client.make_url("/"))[COOKIE].value
        response = await browser.call("POST", "/api/auth/logout", {})
        assert response.status == 200
        assert cookie_of(response, COOKIE)["max-age"] == "0"
        assert api.world.calls == [("remove_user", server["id"], user_id, "logged_out")]
        thief = api.browser()
        response = await thief.call("GET", "/api/auth/me", headers={"Cookie": f"{COOKIE}={stolen}"})
        assert await refusal(response) == (401, "not_logged_in", None)
        await browser.ok("POST", "/api/auth/logout", {})


async def test_logging_out_in_one_browser_leaves_the_seat_that_another_one_holds(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        desk, phone = api.browser(), api.browser()
        user_id = await desk.sign_up("ada")
        server = await desk.make_server()
        await phone.ok("POST", "/api/auth/login", ADA)
        jar = desk.client.session.cookie_jar.filter_cookies(desk.client.make_url("/"))
        login = await api.services.sessions.find(jar[COOKIE].value)
        assert login is not None
        api.services.seats.seated(server["id"], user_id, login.session)
        await phone.ok("POST", "/api/auth/logout", {})
        assert api.world.calls == []
        await desk.ok("GET", "/api/auth/me")


async def test_logging_in_again_ends_the_session_before(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        browser = api.browser()
        await browser.sign_up("ada")
        jar = browser.client.session.cookie_jar
        before = jar.filter_cookies(browser.client.make_url("/"))[COOKIE].value
        await browser.ok("POST", "/api/auth/login", ADA)
        assert jar.filter_cookies(browser.client.make_url("/"))[COOKIE].value != before
        assert await api.services.sessions.find(before) is None


async def test_logging_in_as_somebody_else_ends_the_seat_of_who_was_there_before(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        browser, other = api.browser(), api.browser()
        ada = await browser.sign_up("ada")
        server = await browser.make_server()
        await other.sign_up("eve")
        await browser.ok("POST", "/api/auth/login", ADA | {"username": "eve"})
        assert api.world.calls == [("remove_user", server["id"], ada, "logged_out")]


async def test_a_session_rolls_on_with_use_and_ends_without(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        now = [datetime.now(UTC)]
        api.services.sessions.clock = lambda: now[0]
        api.services.now = lambda: now[0].timestamp()
        browser = api.browser()
        await browser.sign_up("ada")
        now[0] += timedelta(hours=20)
        assert "Set-Cookie" not in (await browser.call("GET", "/api/auth/me")).headers
        now[0] += timedelta(days=20)
        rolled = await browser.call("GET", "/api/auth/me")
        assert rolled.status == 200
        assert int(cookie_of(rolled, COOKIE)["max-age"]) == 30 * 86400
        now[0] += timedelta(days=29)
        assert (await browser.call("GET", "/api/auth/me")).status == 200
        now[0] += timedelta(days=30, seconds=1)
        assert await browser.refused("GET", "/api/auth/me") == (401, "not_logged_in", None)


async def test_another_password_ends_all_other_logins_and_is_asked_for_from_now_on(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        here, there = api.browser(), api.browser()
        await here.ok("POST", "/api/auth/signup", ADA, 201)
        await there.ok("POST", "/api/auth/login", ADA)
        change = {"old_password": "a guess", "password": "battery staple"}
        refused = await here.refused("POST", "/api/auth/password", change)
        assert refused == (403, "wrong_password", "old_password")
        short = {"old_password": ADA["password"], "password": "short"}
        assert await here.refused("POST", "/api/auth/password", short) == (422, "bad_field", "password")
        assert (await there.call("GET", "/api/auth/me")).status == 200
        await here.ok("POST", "/api/auth/password", change | {"old_password": ADA["password"]})
        assert (await here.call("GET", "/api/auth/me")).status == 200, "whoever changed it stays"
        assert (await there.call("GET", "/api/auth/me")).status == 401
        assert await there.refused("POST", "/api/auth/login", ADA) == (401, "wrong_login", None)
        await there.ok("POST", "/api/auth/login", ADA | {"password": "battery staple"})


async def test_guessing_the_password_behind_an_open_login_is_slowed_down(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        ada = api.browser()
        await ada.ok("POST", "/api/auth/signup", ADA, 201)
        guess = {"old_password": "a guess", "password": "battery staple"}
        codes = [(await ada.refused("POST", "/api/auth/password", guess))[1] for _ in range(12)]
        assert codes[0] == "wrong_password"
        assert codes[-1] == "too_many_requests"


async def test_changing_the_display_name_and_the_avatar(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        api.services.users.avatars = ("fox", "owl")
        browser = api.browser()
        await browser.sign_up("ada")
        changed = await browser.ok("PATCH", "/api/auth/me", {"display_name": "  Ada   L. ", "avatar": "owl"})
        assert changed["user"]["display_name"] == "Ada L."
        assert changed["user"]["avatar"] == "owl"
        assert changed["avatars"] == ["fox", "owl"]
        assert await browser.refused("PATCH", "/api/auth/me", {"avatar": "cat"}) == (
            422,
            "bad_field",
            "avatar",
        )


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
async def test_a_request_that_another_site_makes_a_browser_send_is_refused(
    tmp_path: Path, headers: dict[str, str]
) -> None:
    async with running_api(tmp_path) as api:
        browser = api.browser()
        await browser.sign_up("ada")
        body = {"name": "Guild", "map": "studio"}
        response = await browser.call("POST", "/api/servers", body, headers=headers)
        assert await refusal(response) == (403, "cross_site", None)
        assert (await browser.ok("GET", "/api/servers"))["servers"] == []


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_a_form_of_another_site_is_no_json(tmp_path: Path, kind: str) -> None:
    async with running_api(tmp_path) as api:
        browser = api.browser()
        await browser.sign_up("ada")
        text = '{"name": "Guild", "map": "studio"}'
        for headers in ({"Content-Type": kind}, {"Content-Type": kind, "Sec-Fetch-Site": "same-origin"}):
            response = await browser.call("POST", "/api/servers", data=text, headers=headers)
            assert await refusal(response) == (403, "cross_site", None)


async def test_a_program_that_is_no_browser_needs_no_origin(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        program = api.browser()
        response = await program.call("POST", "/api/auth/signup", ADA, headers={})
        assert response.status == 201
        response = await program.call("POST", "/api/servers", {"name": "Guild", "map": "studio"}, headers={})
        assert response.status == 201
        # With a cookie and nothing that says where it comes from, even an empty request says it is JSON.
        response = await program.call("POST", "/api/auth/logout", headers={})
        assert response.status == 403


@pytest.mark.parametrize("data", [b"{", b"\xff\xfe", b"nonsense"])
async def test_a_body_that_is_no_json_is_told_so(tmp_path: Path, data: bytes) -> None:
    async with running_api(tmp_path) as api:
        headers = {"Content-Type": "application/json"}
        response = await api.browser().call("POST", "/api/auth/login", data=data, headers=headers)
        assert await refusal(response) == (400, "bad_json", None)


async def test_a_body_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        headers = {"Content-Type": "application/json"}
        data = b'{"username": "' + b"a" * 100_000 + b'"}'
        response = await api.browser().call("POST", "/api/auth/login", data=data, headers=headers)
        assert await refusal(response) == (413, "too_large", None)


async def test_what_is_not_there_and_what_is_not_possible_answer_in_the_one_form(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        browser = api.browser()
        assert (await browser.refused("GET", "/api/nothing"))[:2] == (404, "not_found")
        response = await browser.call("DELETE", "/api/maps")
        assert (await refusal(response))[:2] == (405, "method_not_allowed")
        assert "GET" in response.headers["Allow"]


async def test_what_fails_unforeseen_is_logged_and_not_shown(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_api(tmp_path) as api:

        def broken() -> float:
            raise RuntimeError("a secret detail")

        api.services.now = broken
        response = await api.browser().call("POST", "/api/auth/login", ADA)
        text = await response.text()
        assert (response.status, "internal" in text) == (500, True)
        assert "secret detail" not in text
        assert "a secret detail" in caplog.text


async def test_another_look_is_told_to_the_worlds_that_one_is_in(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        browser = api.browser()
        await browser.sign_up("ada")
        server = await (await browser.call("POST", "/api/servers", {"name": "Home", "map": "studio"})).json()
        me = await (await browser.call("PATCH", "/api/auth/me", {"display_name": "Ada L."})).json()
        user = me["user"]
        assert ("look_changed", server["id"], user["id"], "Ada L.", user["avatar"]) in api.world.calls
