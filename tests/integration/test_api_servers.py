"""Servers, zones and invitations over HTTP: who may see, make, change, join and leave what."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.api import STUDIO, Api, Browser, running_api
from world.storage.database import new_id
from world.storage.models import Ban, Membership

LIBRARY = {
    "name": "Library",
    "type": "PRIVATE",
    "bounds": {"x": 300, "y": 32, "width": 100, "height": 100},
    "capacity": 8,
}


async def guild(api: Api, access: str = "invite") -> tuple[Browser, dict[str, Any]]:
    """Ada, and the server that she made."""
    ada = api.browser()
    await ada.sign_up("ada")
    return ada, await ada.make_server(access=access)


async def member(api: Api, ada: Browser, server_id: str, name: str) -> tuple[Browser, str]:
    """Somebody who joined by invitation: their browser and id."""
    browser = api.browser()
    user_id = await browser.sign_up(name)
    invite = await ada.ok("POST", f"/api/servers/{server_id}/invites", {}, 201)
    await browser.ok("POST", f"/api/servers/{server_id}/join", {"invite": invite["token"]})
    return browser, user_id


async def make_admin(api: Api, server_id: str, user_id: str) -> None:
    async with api.database.write() as session:
        membership = await session.get(Membership, (server_id, user_id))
        assert membership is not None
        membership.role = "admin"


async def test_a_new_server_has_the_maps_zones_each_with_a_link_of_its_own(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        ada, made = await guild(api)
        assert (made["name"], made["map"]) == ("Guild", "studio")
        assert [(zone["name"], zone["type"]) for zone in made["zones"]] == [
            ("Hall", "PUBLIC"),
            ("Room_1", "PRIVATE"),
        ]
        for zone, drawn in zip(made["zones"], STUDIO.zones, strict=True):
            bounds = drawn.bounds
            assert zone["bounds"] == {
                "x": bounds.x,
                "y": bounds.y,
                "width": bounds.width,
                "height": bounds.height,
            }
            assert len(zone["meeting_id"]) >= 22, "128 bits and more, in base64"
        assert len({zone["meeting_id"] for zone in made["zones"]}) == 2
        listed = await ada.ok("GET", f"/api/servers/{made['id']}/zones")
        assert listed == {"zones": made["zones"]}


async def test_the_list_says_what_the_dashboard_shows(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        ada, made = await guild(api)
        await member(api, ada, made["id"], "bob")
        api.world.present[made["id"]] = 5
        assert (await ada.ok("GET", "/api/servers"))["servers"] == [
            {
                "id": made["id"],
                "name": "Guild",
                "map": "studio",
                "access": "invite",
                "role": "owner",
                "members": 2,
                "online": 5,
                "thumbnail": "/maps/studio/thumbnail.png",
                "region": "",
            }
        ]


async def test_servers_need_a_login(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        _, made = await guild(api)
        stranger = api.browser()
        for method, path, body in [
            ("GET", "/api/servers", None),
            ("POST", "/api/servers", {"name": "x", "map": "studio"}),
            ("GET", f"/api/servers/{made['id']}", None),
            ("GET", f"/api/servers/{made['id']}/zones", None),
            ("POST", f"/api/servers/{made['id']}/join", {}),
        ]:
            assert await stranger.refused(method, path, body) == (401, "not_logged_in", None)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"name": "Guild", "map": "moon"}, (422, "map_unknown", "map")),
        ({"name": "  ", "map": "studio"}, (422, "bad_field", "name")),
        ({"name": "x" * 65, "map": "studio"}, (422, "bad_field", "name")),
        ({"name": "Guild", "map": "studio", "access": "everybody"}, (422, "bad_field", "access")),
        ({"name": "Guild"}, (422, "bad_field", None)),
    ],
)
async def test_a_server_that_cannot_be_made_leaves_nothing_behind(
    tmp_path: Path, body: dict[str, str], expected: tuple[int, str, str | None]
) -> None:
    async with running_api(tmp_path) as api:
        ada = api.browser()
        await ada.sign_up("ada")
        assert await ada.refused("POST", "/api/servers", body) == expected
        assert (await ada.ok("GET", "/api/servers"))["servers"] == []


async def test_to_strangers_an_invite_server_does_not_exist(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        _, made = await guild(api)
        bob = api.browser()
        await bob.sign_up("bob")
        server, zone = made["id"], made["zones"][0]["id"]
        for method, path, body in [
            ("GET", f"/api/servers/{server}", None),
            ("PATCH", f"/api/servers/{server}", {"name": "Mine"}),
            ("DELETE", f"/api/servers/{server}", None),
            ("POST", f"/api/servers/{server}/join", {}),
            ("POST", f"/api/servers/{server}/leave", {}),
            ("GET", f"/api/servers/{server}/members", None),
            ("GET", f"/api/servers/{server}/zones", None),
            ("POST", f"/api/servers/{server}/zones", LIBRARY),
            ("POST", f"/api/servers/{server}/invites", {}),
            ("PATCH", f"/api/zones/{zone}", {"name": "Mine"}),
            ("DELETE", f"/api/zones/{zone}", None),
            ("POST", f"/api/zones/{zone}/meeting", {}),
            ("POST", f"/api/zones/{zone}/ticket", {"publish": True}),
        ]:
            known = await bob.refused(method, path, body)
            missing = await bob.refused(method, path.replace(server, new_id()).replace(zone, new_id()), body)
            assert known == missing, f"{method} {path} tells a stranger that it is there"
            assert known[0] == 404
        for nonsense in ("x", "..", "%00", "a" * 500, "{id}"):
            assert (await bob.refused("GET", f"/api/servers/{nonsense}/zones"))[0] == 404
        assert api.world.calls == []


async def test_everybody_may_join_a_public_server_and_sees_it_before(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        ada, made = await guild(api, "public")
        bob = api.browser()
        await bob.sign_up("bob")
        path = f"/api/servers/{made['id']}"
        assert (await bob.ok("GET", path))["role"] is None
        assert await bob.refused("GET", f"{path}/zones") == (403, "not_a_member", None)
        assert (await bob.ok("POST", f"{path}/join"))["role"] == "member"
        assert (await bob.ok("POST", f"{path}/join"))["members"] == 2
        people = (await ada.ok("GET", f"{path}/members"))["members"]
        assert [(one["username"], one["role"]) for one in people] == [("ada", "owner"), ("bob", "member")]
        assert "password" not in str(people)


async def test_an_invitation_opens_an_invite_server_as_often_and_as_long_as_it_says(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        ada, made = await guild(api)
        now = [datetime.now(UTC)]
        api.services.invites.clock = lambda: now[0]
        path = f"/api/servers/{made['id']}"
        once = await ada.ok("POST", f"{path}/invites", {"hours": 1, "uses": 1}, 201)
        assert once["path"] == f"/join/{once['token']}"
        assert once["uses_left"] == 1
        names = ["bob", "cleo", "dan"]
        browsers = [api.browser() for _ in names]
        for browser, name in zip(browsers, names, strict=True):
            await browser.sign_up(name)
        bob, cleo, dan = browsers
        await bob.ok("POST", f"{path}/join", {"invite": once["token"]})
        await bob.ok("POST", f"{path}/join", {"invite": once["token"]})
        used_up = await cleo.refused("POST", f"{path}/join", {"invite": once["token"]})
        assert used_up == (404, "invite_invalid", None)
        hour = await ada.ok("POST", f"{path}/invites", {"hours": 1}, 201)
        await cleo.ok("POST", f"{path}/join", {"invite": hour["token"]})
        now[0] += timedelta(hours=1)
        over = await dan.refused("POST", f"{path}/join", {"invite": hour["token"]})
        assert over == (404, "invite_invalid", None)


async def test_the_last_use_of_an_invitation_is_given_once(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        ada, made = await guild(api)
        path = f"/api/servers/{made['id']}"
        invite = await ada.ok("POST", f"{path}/invites", {"uses": 2}, 201)
        browsers = [api.browser() for _ in range(6)]
        for number, browser in enumerate(browsers):
            await browser.sign_up(f"guest{number}")
        answers = await asyncio.gather(
            *(browser.call("POST", f"{path}/join", {"invite": invite["token"]}) for browser in browsers)
        )
        assert sorted(answer.status for answer in answers) == [200, 200, 404, 404, 404, 404]
        assert len((await ada.ok("GET", f"{path}/members"))["members"]) == 3


async def test_an_invitation_of_one_server_opens_no_other(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        ada, made = await guild(api)
        other = await ada.make_server("Other")
        invite = await ada.ok("POST", f"/api/servers/{made['id']}/invites", {}, 201)
        bob = api.browser()
        await bob.sign_up("bob")
        refused = await bob.refused("POST", f"/api/servers/{other['id']}/join", {"invite": invite["token"]})
        assert refused == (404, "invite_invalid", None)


async def test_who_is_banned_does_not_come_back(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        ada, made = await guild(api, "public")
        bob = api.browser()
        user_id = await bob.sign_up("bob")
        async with api.database.write() as session:
            session.add(
                Ban(server_id=made["id"], user_id=user_id, reason="noise", created_at=datetime.now(UTC))
            )
        path = f"/api/servers/{made['id']}"
        assert await bob.refused("POST", f"{path}/join") == (403, "banned", None)
        invite = await ada.ok("POST", f"{path}/invites", {}, 201)
        by_invite = await bob.refused("POST", f"{path}/join", {"invite": invite["token"]})
        assert by_invite == (403, "banned", None)
        by_link = await bob.refused("POST", f"/api/meetings/{made['zones'][1]['meeting_id']}/join", {})
        assert by_link == (403, "banned", None)


async def test_leaving_ends_membership_and_presence_and_the_owner_stays(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        ada, made = await guild(api)
        bob, user_id = await member(api, ada, made["id"], "bob")
        path = f"/api/servers/{made['id']}"
        await bob.ok("POST", f"{path}/leave")
        assert api.world.calls == [("remove_user", made["id"], user_id, "left_server")]
        assert (await bob.ok("GET", "/api/servers"))["servers"] == []
        assert await ada.refused("POST", f"{path}/leave") == (409, "owner_stays", None)


async def test_owner_and_admins_manage_and_members_do_not(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        ada, made = await guild(api)
        bob, _ = await member(api, ada, made["id"], "bob")
        cleo, cleo_id = await member(api, ada, made["id"], "cleo")
        await make_admin(api, made["id"], cleo_id)
        server, zone = f"/api/servers/{made['id']}", f"/api/zones/{made['zones'][1]['id']}"
        managed: list[tuple[str, str, object, int]] = [
            ("PATCH", server, {"name": "Guild 2", "access": "public"}, 200),
            ("POST", f"{server}/invites", {}, 201),
            ("POST", f"{server}/zones", LIBRARY, 201),
            ("PATCH", zone, {"locked": True}, 200),
            ("POST", f"{zone}/meeting", {}, 200),
            ("DELETE", zone, None, 200),
        ]
        for method, path, body, _status in managed:
            assert await bob.refused(method, path, body) == (403, "not_allowed", None)
        assert api.world.calls == []
        for method, path, body, status in managed:
            await cleo.ok(method, path, body, status)
        assert await cleo.refused("DELETE", server) == (403, "not_allowed", None)
        changed = await ada.ok("GET", server)
        assert (changed["name"], changed["access"]) == ("Guild 2", "public")
        assert api.world.calls == [("zones_changed", made["id"])] * 4


async def test_deleting_a_server_takes_everything_with_it_and_sends_everybody_home(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        ada, made = await guild(api)
        await ada.ok("DELETE", f"/api/servers/{made['id']}")
        assert api.world.calls == [("server_deleted", made["id"])]
        assert (await ada.refused("GET", f"/api/servers/{made['id']}"))[0] == 404
        for zone in made["zones"]:
            assert (await ada.refused("PATCH", f"/api/zones/{zone['id']}", {"name": "x"}))[0] == 404
            assert (await ada.refused("GET", f"/api/meetings/{zone['meeting_id']}"))[1] == "meeting_unknown"


async def test_a_zone_is_made_changed_and_deleted(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        ada, made = await guild(api)
        zones = f"/api/servers/{made['id']}/zones"
        library = await ada.ok("POST", zones, LIBRARY, 201)
        assert library["capacity"] == 8
        listed = (await ada.ok("GET", zones))["zones"]
        assert [zone["name"] for zone in listed] == ["Hall", "Room_1", "Library"]
        path = f"/api/zones/{library['id']}"
        changed = await ada.ok(
            "PATCH",
            path,
            {"name": "Archive", "type": "PUBLIC", "capacity": 0, "bounds": LIBRARY["bounds"] | {"x": 310}},  # type: ignore[operator]
        )
        assert changed["bounds"]["x"] == 310
        assert (changed["name"], changed["type"], changed["capacity"]) == ("Archive", "PUBLIC", None)
        assert changed["meeting_id"] == library["meeting_id"]
        await ada.ok("DELETE", path)
        assert [zone["name"] for zone in (await ada.ok("GET", zones))["zones"]] == ["Hall", "Room_1"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"bounds": {"x": 600, "y": 0, "width": 100, "height": 100}}, "bounds"),
        ({"bounds": {"x": -1, "y": 0, "width": 100, "height": 100}}, "bounds"),
        ({"bounds": {"x": 0, "y": 0, "width": 1, "height": 100}}, "bounds"),
        ({"bounds": {"x": 0, "y": 0, "width": -100, "height": 100}}, "bounds"),
        ({"bounds": {"x": 0, "y": 0, "width": 1e308, "height": 100}}, "bounds"),
        ({"bounds": {"x": 0, "y": 0}}, "bounds"),
        ({"bounds": [0, 0, 10, 10]}, "bounds"),
        ({"type": "SECRET"}, "type"),
        ({"name": ""}, "name"),
        ({"capacity": -1}, "capacity"),
        ({"capacity": 10**9}, "capacity"),
        ({"locked": "yes"}, "locked"),
    ],
)
async def test_a_zone_that_cannot_be_is_refused_by_field(
    tmp_path: Path, change: dict[str, object], field: str
) -> None:
    async with running_api(tmp_path) as api:
        ada, made = await guild(api)
        refused = await ada.refused("POST", f"/api/servers/{made['id']}/zones", LIBRARY | change)
        assert refused == (422, "bad_field", field)
        if change != {"capacity": 0}:
            room = f"/api/zones/{made['zones'][1]['id']}"
            assert await ada.refused("PATCH", room, change) == (422, "bad_field", field)
        assert (await ada.ok("GET", f"/api/servers/{made['id']}/zones"))["zones"] == made["zones"]


async def test_a_number_that_is_none_is_not_a_bound(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        ada, made = await guild(api)
        room = f"/api/zones/{made['zones'][1]['id']}"
        for number in ("NaN", "Infinity", "1e999"):
            text = f'{{"bounds": {{"x": {number}, "y": 0, "width": 100, "height": 100}}}}'
            headers = {"Content-Type": "application/json"}
            response = await ada.call("PATCH", room, data=text, headers=headers)
            assert response.status in {400, 422}


async def test_a_server_prefers_a_region_in_which_a_worker_stands(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        ada = api.browser()
        assert (await ada.refused("GET", "/api/regions"))[0] == 401
        await ada.sign_up("ada")
        new = {"name": "Guild", "map": "studio", "region": "eu-west"}
        unknown = (422, "region_unknown", "region")
        assert await ada.refused("POST", "/api/servers", new) == unknown
        api.world.stands = ["eu-west", "us-east"]
        assert await ada.ok("GET", "/api/regions") == {"regions": ["eu-west", "us-east"]}
        made = await ada.ok("POST", "/api/servers", new, 201)
        path = f"/api/servers/{made['id']}"
        assert (await ada.ok("GET", path))["region"] == "eu-west"
        assert (await ada.ok("GET", "/api/servers"))["servers"][0]["region"] == "eu-west"
        assert await ada.refused("PATCH", path, {"region": "moon"}) == unknown
        assert (await ada.ok("PATCH", path, {"name": "Guild II"}))["region"] == "eu-west"
        assert ("zones_changed", made["id"]) not in api.world.calls
        for region in ("us-east", ""):
            assert (await ada.ok("PATCH", path, {"region": region}))["region"] == region
        assert ("zones_changed", made["id"]) in api.world.calls
