"""Pages, files, health: who sees which page, what it knows, and what every answer carries."""

from __future__ import annotations

import json
import logging
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse
from yarl import URL

from tests.support.api import Browser, running_api
from world.storage.database import new_id

PAGE = re.compile(r'<script type="application/json" id="page">(.*?)</script>', re.S)


async def page_of(response: ClientResponse) -> dict[str, Any]:
    """What the page knows."""
    found = PAGE.search(await response.text())
    assert found is not None
    page: dict[str, Any] = json.loads(found[1])
    return page


async def go(browser: Browser, path: str, **headers: str) -> ClientResponse:
    return await browser.call("GET", path, headers=headers)


async def test_the_front_door_leads_in_or_to_the_dashboard(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        browser = api.browser()
        response = await go(browser, "/")
        assert response.status == 200
        assert response.content_type == "text/html"
        await browser.sign_up("ada")
        for path in ("/", "/login", "/signup"):
            response = await go(browser, path)
            assert (response.status, response.headers["Location"]) == (303, "/dashboard")


async def test_pages_that_need_a_login_come_back_after_it(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        browser = api.browser()
        response = await go(browser, "/dashboard")
        assert (response.status, response.headers["Location"]) == (303, "/login?next=/dashboard")
        page = await page_of(await go(browser, "/login?next=/s/abc"))
        assert page["next"] == "/s/abc"


@pytest.mark.parametrize(
    "target",
    ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a\nb", ""],
)
async def test_a_login_leads_to_no_other_site(tmp_path: Path, target: str) -> None:
    async with running_api(tmp_path) as api:
        browser = api.browser()
        url = browser.client.make_url("/login").with_query(next=target)
        async with browser.client.session.get(url) as response:
            assert (await page_of(response))["next"] == "/dashboard"


async def test_the_dashboard_knows_who_is_there(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        browser = api.browser()
        user_id = await browser.sign_up("ada")
        page = await page_of(await go(browser, "/dashboard"))
        assert page == {
            "user": {"id": user_id, "username": "ada", "display_name": "ada", "avatar": "default"},
            "admin": True,
        }


async def test_a_world_opens_for_members_asks_others_to_join_and_hides_from_strangers(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        ada, bob = api.browser(), api.browser()
        user_id = await ada.sign_up("ada")
        bob_id = await bob.sign_up("bob")
        closed, public = await ada.make_server("Closed"), await ada.make_server("Open", "public")
        page = await page_of(await go(ada, f"/s/{closed['id']}"))
        assert page == {"server_id": closed["id"], "server_name": "Closed", "user_id": user_id}
        assert (await go(bob, f"/s/{closed['id']}")).status == 404
        assert (await go(bob, f"/s/{new_id()}")).status == 404
        asked = await go(bob, f"/s/{public['id']}")
        assert (asked.status, (await page_of(asked))["server_name"]) == (200, "Open")
        assert await api.services.servers.member(public["id"], bob_id) is None
        joined = await bob.call("POST", f"/s/{public['id']}", data="")
        assert (joined.status, joined.headers["Location"]) == (303, f"/s/{public['id']}")
        assert await api.services.servers.member(public["id"], bob_id) is not None
        refused = await bob.call("POST", f"/s/{closed['id']}", data="")
        assert refused.status == 404
        stranger = await go(api.browser(), f"/s/{closed['id']}")
        assert stranger.headers["Location"] == f"/login?next=/s/{closed['id']}"


async def test_an_invitation_asks_first_and_then_lets_in(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        ada, bob = api.browser(), api.browser()
        await ada.sign_up("ada")
        server = await ada.make_server()
        invite = await ada.ok("POST", f"/api/servers/{server['id']}/invites", {"uses": 1}, 201)
        stranger = await (await go(bob, invite["path"])).text()
        assert "Guild" in stranger, "whoever is invited is told where to before they need an account"
        for way in ("signup", "login"):
            assert f'href="/{way}?next={invite["path"]}"' in stranger
        assert (await go(bob, "/join/nobody-made-this")).status == 404
        bob_id = await bob.sign_up("bob")
        page = await page_of(await go(bob, invite["path"]))
        assert page == {"server_id": server["id"], "server_name": "Guild", "members": 1}
        foreign = await bob.call("POST", invite["path"], data="", headers={"Origin": "https://evil.example"})
        assert foreign.status == 403
        assert await api.services.servers.member(server["id"], bob_id) is None
        joined = await bob.call("POST", invite["path"], data="")
        assert (joined.status, joined.headers["Location"]) == (303, f"/s/{server['id']}")
        assert await api.services.servers.member(server["id"], bob_id) is not None
        gone = await go(ada, "/join/nobody-made-this")
        assert gone.status == 404
        assert "invitation" in await gone.text()


async def test_a_meeting_page_opens_for_everybody_with_the_link_and_an_unknown_one_says_so(
    tmp_path: Path,
) -> None:
    async with running_api(tmp_path) as api:
        ada = api.browser()
        await ada.sign_up("ada")
        meeting_id = (await ada.make_server())["zones"][1]["meeting_id"]
        about = {"meeting_id": meeting_id, "server_name": "Guild", "zone_name": "Room_1"}
        guest = await page_of(await go(api.browser(), f"/m/{meeting_id}"))
        assert guest == about | {"logged_in": False, "user_name": None}
        member = await page_of(await go(ada, f"/m/{meeting_id}"))
        assert member == about | {"logged_in": True, "user_name": "ada"}
        for unknown in ("nobody-made-this", "x" * 300, "%00"):
            response = await go(api.browser(), f"/m/{unknown}")
            assert response.status == 404
            assert "link" in (await response.text()).lower()


async def test_names_of_people_cannot_write_into_a_page(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        ada = api.browser()
        await ada.sign_up("ada")
        name = "</script><script>alert(1)</script>"
        await ada.ok("PATCH", "/api/auth/me", {"display_name": name})
        response = await go(ada, "/dashboard")
        text = await response.text()
        assert "<script>alert" not in text
        assert (await page_of(response))["user"]["display_name"] == name
        assert name in unescape(text)


async def test_every_page_keeps_scripts_cameras_and_addresses_to_ourselves(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        for path, status in (("/", 200), ("/login", 200), ("/nothing", 404), ("/m/unknown", 404)):
            response = await go(api.browser(), path)
            assert response.status == status
            policy = response.headers["Content-Security-Policy"]
            assert "script-src 'self' 'wasm-unsafe-eval'" in policy
            assert "unsafe-inline" not in policy
            assert "frame-ancestors 'none'" in policy
            assert "camera=(self), microphone=(self)" in response.headers["Permissions-Policy"]
            assert response.headers["Referrer-Policy"] == "same-origin"
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert response.headers["Cache-Control"] == "no-store"


async def test_an_unknown_page_and_a_failing_one_have_a_page(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_api(tmp_path) as api:
        missing = await go(api.browser(), "/nothing")
        assert (missing.status, (await page_of(missing))["status"]) == (404, 404)
        wrong = await api.browser().call("POST", "/login", data="")
        assert wrong.status == 405
        await api.database.close()

        async def broken(meeting_id: str) -> None:
            raise RuntimeError("a secret detail")

        object.__setattr__(api.services, "zones", type("Broken", (), {"by_meeting": staticmethod(broken)})())
        failing = await go(api.browser(), "/m/x")
        assert failing.status == 500
        assert "secret detail" not in await failing.text()
        assert "a secret detail" in caplog.text


async def test_files_are_kept_by_the_browser_and_asked_for_again(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        first = await go(api.browser(), "/static/css/base.css")
        assert (first.status, first.content_type) == (200, "text/css")
        assert first.headers["Cache-Control"] == "no-cache"
        again = await go(api.browser(), "/static/css/base.css", **{"If-None-Match": first.headers["ETag"]})
        assert again.status == 304


@pytest.mark.parametrize(
    "path",
    ["../web/app.py", "..%2f..%2fpyproject.toml", "%2e%2e/app.py", "/etc/passwd", "css", "css/", "x%00.css"],
)
async def test_no_path_leads_out_of_the_files(tmp_path: Path, path: str) -> None:
    async with running_api(tmp_path) as api:
        browser = api.browser()
        # Encoded: the client must not tidy the path up before it is sent.
        url = URL(f"{browser.base}/static/{path}", encoded=True)
        async with browser.client.session.get(url, allow_redirects=False) as response:
            assert response.status == 404


async def test_alive_is_said_without_a_database_and_ready_is_not(tmp_path: Path) -> None:
    async def down() -> None:
        raise ConnectionError("no bus")

    async def up() -> None:
        return None

    async with running_api(tmp_path, checks={"database": up, "bus": down}) as api:
        browser = api.browser()
        assert await browser.ok("GET", "/healthz") == {"alive": True}
        assert await browser.ok("GET", "/readyz", status=503) == {
            "ready": False,
            "checks": {"database": True, "bus": False},
        }


async def test_neither_log_nor_metrics_carry_meeting_ids_or_tickets(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "atrium")
    async with running_api(tmp_path) as api:
        browser = api.browser()
        await browser.sign_up("ada")
        made = await browser.make_server()
        meeting_id = made["zones"][1]["meeting_id"]
        given = await browser.ok("POST", f"/api/meetings/{meeting_id}/join", {})
        await go(browser, f"/m/{meeting_id}?again={meeting_id}")
        metrics = await (await go(browser, "/metrics")).text()
        assert 'atrium_http_requests_total{method="POST",route="/api/meetings/{meeting_id}/join"' in metrics
        for told in (caplog.text, metrics):
            assert meeting_id not in told
            assert given["ticket"] not in told
        assert "/api/meetings/{meeting_id}/join 200" in caplog.text


async def test_made_up_methods_are_one_figure(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        browser = api.browser()
        for method in ("BREW", "LINK", "PURGE"):
            await browser.call(method, "/healthz")
        metrics = await (await go(browser, "/metrics")).text()
        methods = set(re.findall(r'atrium_http_requests_total\{method="(\w+)"', metrics))
        assert methods <= {"GET", "OTHER"}


async def test_a_page_whose_storage_does_not_answer_says_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise TimeoutError

    async with running_api(tmp_path) as api:
        monkeypatch.setattr(type(api.services.zones), "by_meeting", away)
        response = await go(api.browser(), "/m/some-meeting")
        assert response.status == 503
        assert "Try again soon" in unescape(await response.text())


@pytest.mark.parametrize(
    ("headers", "language", "words"),
    [
        ({}, "en", "Welcome back"),
        ({"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}, "de", "Willkommen zurück"),
        ({"Accept-Language": "de", "Cookie": "atrium_language=fr"}, "fr", "Bon retour"),
    ],
)
async def test_a_page_comes_in_the_persons_language(
    tmp_path: Path, headers: dict[str, str], language: str, words: str
) -> None:
    async with running_api(tmp_path) as api:
        response = await go(api.browser(), "/login", **headers)
        html = await response.text()
        assert f'<html lang="{language}"' in html
        assert words in unescape(html)
        assert response.headers["Content-Language"] == language
        # English is part of the script; the others come before it.
        assert (f"/static/app/i18n/{language}.js" in html) == (language != "en")
        unknown = unescape(await (await go(api.browser(), "/nothing", **headers)).text())
        assert f'<html lang="{language}"' in unknown


async def test_chosen_colours_are_in_the_page_from_its_first_byte(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        html = await (await go(api.browser(), "/", Cookie="atrium_theme=dark")).text()
        assert 'data-theme="dark"' in html
        assert "data-theme=" not in await (await go(api.browser(), "/", Cookie="atrium_theme=x")).text()
