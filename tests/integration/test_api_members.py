"""Members and bans over HTTP: who decides over whom, and what removing somebody ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.api import Api, Browser, running_api
from world.storage.database import new_id


async def crew(api: Api) -> tuple[str, dict[str, Browser], dict[str, str]]:
    """A public server's path, its people by role, and their ids."""
    people: dict[str, Browser] = {}
    ids: dict[str, str] = {}
    server: dict[str, Any] = {}
    for role in ("owner", "admin", "moderator", "member", "other"):
        people[role] = api.browser()
        ids[role] = await people[role].sign_up(role)
        if role == "owner":
            server = await people[role].make_server(access="public")
        else:
            await people[role].ok("POST", f"/api/servers/{server['id']}/join")
    path = f"/api/servers/{server['id']}"
    for role in ("admin", "moderator"):
        changed = await people["owner"].ok("PATCH", f"{path}/members/{ids[role]}", {"role": role})
        assert changed["role"] == role
    api.world.calls.clear()
    return path, people, ids


async def test_roles_are_given_from_above_and_below_ones_own(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        path, people, ids = await crew(api)

        async def gives(giver: str, taker: str, role: str) -> int:
            member = f"{path}/members/{ids[taker]}"
            return (await people[giver].call("PATCH", member, {"role": role})).status

        assert await gives("admin", "member", "moderator") == 200
        # The running world weighs roles too (a locked room's door).
        server_id = path.rsplit("/", 1)[-1]
        assert api.world.calls == [("role_changed", server_id, ids["member"], "moderator")]
        assert await gives("admin", "member", "admin") == 403
        assert await gives("admin", "owner", "member") == 403
        assert await gives("admin", "admin", "member") == 403
        assert await gives("moderator", "other", "moderator") == 403
        assert await gives("other", "member", "member") == 403
        assert await gives("owner", "owner", "member") == 403
        assert await gives("owner", "admin", "owner") == 422
        unknown = await people["owner"].refused("PATCH", f"{path}/members/{new_id()}", {"role": "member"})
        assert unknown == (404, "member_unknown", None)
        roles = {
            one["username"]: one["role"]
            for one in (await people["other"].ok("GET", f"{path}/members"))["members"]
        }
        assert roles == {
            "owner": "owner",
            "admin": "admin",
            "moderator": "moderator",
            "member": "moderator",
            "other": "member",
        }


async def test_who_is_removed_goes_at_once_and_may_come_back(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        path, people, ids = await crew(api)
        server_id = path.rsplit("/", 1)[-1]
        for actor, target in (("member", "other"), ("moderator", "admin"), ("moderator", "moderator")):
            refused = await people[actor].refused("DELETE", f"{path}/members/{ids[target]}")
            assert refused == (403, "not_allowed", None)
        assert api.world.calls == []
        await people["moderator"].ok("DELETE", f"{path}/members/{ids['member']}")
        assert api.world.calls == [("remove_user", server_id, ids["member"], "removed")]
        assert await people["member"].refused("GET", f"{path}/zones") == (403, "not_a_member", None)
        await people["member"].ok("POST", f"{path}/join")


async def test_who_is_banned_goes_at_once_and_comes_back_when_the_ban_is_lifted(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        path, people, ids = await crew(api)
        server_id = path.rsplit("/", 1)[-1]
        bob = ids["member"]
        for actor, target in (("member", "other"), ("moderator", "owner"), ("admin", "admin")):
            refused = await people[actor].refused("POST", f"{path}/bans", {"user_id": ids[target]})
            assert refused == (403, "not_allowed", None)
        for _ in range(2):
            await people["moderator"].ok("POST", f"{path}/bans", {"user_id": bob, "reason": "noise"}, 201)
        assert ("remove_user", server_id, bob, "removed") in api.world.calls
        assert await people["member"].refused("POST", f"{path}/join") == (403, "banned", None)
        [ban] = (await people["admin"].ok("GET", f"{path}/bans"))["bans"]
        assert (ban["user_id"], ban["username"], ban["reason"]) == (bob, "member", "noise")
        assert abs(ban["at"] - api.services.now()) < 60
        assert (await people["other"].refused("GET", f"{path}/bans"))[0] == 403
        await people["admin"].ok("DELETE", f"{path}/bans/{bob}")
        await people["member"].ok("POST", f"{path}/join")


async def test_a_stranger_can_be_banned_before_they_come_and_a_guest_has_no_account(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        path, people, _ = await crew(api)
        eve = api.browser()
        eve_id = await eve.sign_up("eve")
        await people["owner"].ok("POST", f"{path}/bans", {"user_id": eve_id}, 201)
        assert await eve.refused("POST", f"{path}/join") == (403, "banned", None)
        for nobody in ("guest-1", new_id(), ""):
            refused = await people["owner"].refused("POST", f"{path}/bans", {"user_id": nobody})
            assert refused == (404, "user_unknown", "user_id")


async def test_a_database_out_of_reach_is_a_503_and_no_riddle(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        path, people, _ = await crew(api)

        def broken() -> None:
            raise ConnectionError("no database")

        api.services.servers.database = type("Gone", (), {"read": staticmethod(broken)})()
        response = await people["owner"].call("GET", path)
        assert response.status == 503
        assert response.headers["Retry-After"] == "2"
        assert (await response.json())["error"]["code"] == "unavailable"


async def test_keepers_remove_guests_and_members_do_not(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        path, people, _ = await crew(api)
        api.world.guests = {"guest-1"}
        assert (await people["member"].call("DELETE", f"{path}/members/guest-1")).status == 404
        assert api.world.guests == {"guest-1"}
        await people["moderator"].ok("DELETE", f"{path}/members/guest-1")
        assert api.world.guests == set()
        unknown = await people["moderator"].refused("DELETE", f"{path}/members/guest-1")
        assert unknown == (404, "member_unknown", None)
