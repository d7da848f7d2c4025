"""Meeting links over HTTP: what a link shows, the seat that it gives, and when it gives none."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from signaling.messages import Join
from signaling.ratelimit import KeyedBuckets
from signaling.tickets import MediaTicket, ResumeTicket, SeatTicket
from tests.support.api import Api, Browser, running_api
from world.api.identity import COOKIE
from world.api.meetings import SEAT_SECONDS
from world.api.seats import authenticate
from world.api.services import SERVICES, Limits
from world.records import Seat
from world.running.refusals import Refused


async def room(api: Api) -> tuple[Browser, str, dict[str, str], str]:
    """Ada, her server's id, its private room, and the path of the room's link."""
    ada = api.browser()
    await ada.sign_up("ada")
    made = await ada.make_server()
    zone = made["zones"][1]
    return ada, made["id"], zone, f"/api/meetings/{zone['meeting_id']}"


def cookie(browser: Browser) -> str:
    jar = browser.client.session.cookie_jar.filter_cookies(browser.client.make_url("/"))
    return f"{COOKIE}={jar[COOKIE].value}" if COOKIE in jar else ""


async def seat(api: Api, server_id: str, join: Join, browser: Browser | None = None) -> Seat:
    """What the gateway would get for this first message."""
    app = web.Application()
    app[SERVICES] = api.services
    headers = {"Cookie": cookie(browser)} if browser is not None and cookie(browser) else {}
    return await authenticate(make_mocked_request("GET", "/ws/x", headers, app=app), server_id, join)


async def refused(api: Api, server_id: str, join: Join, browser: Browser | None = None) -> str:
    with pytest.raises(Refused) as refusal:
        await seat(api, server_id, join, browser)
    assert refusal.value.message
    return refusal.value.code


async def test_a_link_shows_the_room_and_how_many_are_inside(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        _, server_id, zone, link = await room(api)
        api.world.people[zone["id"]] = {"one", "two"}
        assert await api.browser().ok("GET", link) == {
            "server": {"id": server_id, "name": "Guild"},
            "zone": {
                "id": zone["id"],
                "name": "Room_1",
                "type": "PRIVATE",
                "capacity": None,
                "locked": False,
            },
            "people": 2,
        }


@pytest.mark.parametrize("meeting_id", ["nobody-ever-made-this-one", "x" * 400, "%00", "'", "é"])
async def test_a_link_that_nobody_made_says_so_politely(tmp_path: Path, meeting_id: str) -> None:
    async with running_api(tmp_path) as api:
        response = await api.browser().call("GET", f"/api/meetings/{meeting_id}")
        assert response.status == 404
        error = (await response.json())["error"]
        assert error["code"] == "meeting_unknown"
        assert "link" in error["message"]
        join = f"/api/meetings/{meeting_id}/join"
        assert (await api.browser().refused("POST", join, {"name": "Grace"}))[1] == "meeting_unknown"


async def test_a_guest_gets_a_seat_in_this_room_and_in_no_other(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        _, server_id, zone, link = await room(api)
        given = await api.browser().ok("POST", f"{link}/join", {"name": "  Grace  H. "})
        assert given["ws"] == f"/ws/{server_id}"
        assert (given["server_id"], given["zone_id"]) == (server_id, zone["id"])
        assert given["user_id"].startswith("guest-")
        taken = await seat(api, server_id, Join(ticket=given["ticket"]))
        assert (taken.user_id, taken.name) == (given["user_id"], "Grace H.")
        assert (taken.presence, taken.role, taken.zone_id) == ("guest", "guest", zone["id"])
        assert taken.expires_at is not None
        assert abs(taken.expires_at - api.services.now() - SEAT_SECONDS) < 60
        again = await api.browser().ok("POST", f"{link}/join", {"name": "Grace"})
        assert again["user_id"] != given["user_id"]


@pytest.mark.parametrize("name", [None, "", "   ", "x" * 65, "a\u0000b", 5])
async def test_a_guest_needs_a_name_that_can_be_shown(tmp_path: Path, name: object) -> None:
    async with running_api(tmp_path) as api:
        *_, link = await room(api)
        assert await api.browser().refused("POST", f"{link}/join", {"name": name}) == (
            422,
            "bad_field",
            "name",
        )


async def test_a_member_comes_as_themselves_and_may_walk_on(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        ada, server_id, zone, link = await room(api)
        given = await ada.ok("POST", f"{link}/join", {"name": "Somebody else"})
        taken = await seat(api, server_id, Join(ticket=given["ticket"]), ada)
        assert (taken.name, taken.presence, taken.role) == ("ada", "walker", "owner")
        assert taken.zone_id == zone["id"]


async def test_a_members_ticket_is_no_login(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        ada, server_id, _, link = await room(api)
        join = Join(ticket=(await ada.ok("POST", f"{link}/join", {}))["ticket"])
        assert await refused(api, server_id, join) == "not_logged_in"
        eve = api.browser()
        await eve.sign_up("eve")
        assert await refused(api, server_id, join, eve) == "not_logged_in"
        await ada.ok("POST", "/api/auth/logout", {})
        assert await refused(api, server_id, join, ada) == "not_logged_in"


async def test_who_is_logged_in_but_no_member_sits_in_that_room_under_their_own_name(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        _, server_id, zone, link = await room(api)
        bob = api.browser()
        user_id = await bob.sign_up("bob")
        given = await bob.ok("POST", f"{link}/join", {})
        taken = await seat(api, server_id, Join(ticket=given["ticket"]), bob)
        assert (taken.user_id, taken.name, taken.presence) == (user_id, "bob", "guest")
        assert (taken.role, taken.zone_id) == ("guest", zone["id"])
        assert await refused(api, server_id, Join(), bob) == "not_a_member"


async def test_a_rotated_link_opens_nothing_and_ends_the_tickets_that_came_from_it(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        ada, server_id, zone, link = await room(api)
        given = await api.browser().ok("POST", f"{link}/join", {"name": "Grace"})
        new = await ada.ok("POST", f"/api/zones/{zone['id']}/meeting")
        assert new["path"] == f"/m/{new['meeting_id']}"
        assert (await api.browser().refused("GET", link))[1] == "meeting_unknown"
        assert (await api.browser().refused("POST", f"{link}/join", {"name": "G"}))[1] == "meeting_unknown"
        assert await refused(api, server_id, Join(ticket=given["ticket"])) == "meeting_unknown"
        assert ("zones_changed", server_id) in api.world.calls
        await api.browser().ok("POST", f"/api/meetings/{new['meeting_id']}/join", {"name": "Grace"})


async def test_a_locked_room_lets_in_only_those_who_run_the_place(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        ada, server_id, zone, link = await room(api)
        guest = await api.browser().ok("POST", f"{link}/join", {"name": "Grace"})
        await ada.ok("PATCH", f"/api/zones/{zone['id']}", {"locked": True})
        assert await api.browser().refused("POST", f"{link}/join", {"name": "Hal"}) == (
            409,
            "room_locked",
            None,
        )
        assert await refused(api, server_id, Join(ticket=guest["ticket"])) == "room_locked"
        api.world.people[zone["id"]] = {guest["user_id"]}
        await seat(api, server_id, Join(ticket=guest["ticket"]))
        await ada.ok("POST", f"{link}/join", {})


async def test_a_full_room_is_full_also_for_tickets_given_before(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        ada, server_id, zone, link = await room(api)
        await ada.ok("PATCH", f"/api/zones/{zone['id']}", {"capacity": 1})
        first = await api.browser().ok("POST", f"{link}/join", {"name": "Grace"})
        second = await api.browser().ok("POST", f"{link}/join", {"name": "Hal"})
        api.world.people[zone["id"]] = {first["user_id"]}
        assert await api.browser().refused("POST", f"{link}/join", {"name": "Ida"}) == (
            409,
            "room_full",
            None,
        )
        assert await refused(api, server_id, Join(ticket=second["ticket"])) == "room_full"
        await seat(api, server_id, Join(ticket=first["ticket"]))


async def test_one_address_cannot_fill_rooms_without_end(tmp_path: Path) -> None:
    limits = Limits(meeting=KeyedBuckets(0.001, 2))
    async with running_api(tmp_path, limits=limits) as api:
        *_, link = await room(api)
        answers = [await api.browser().call("POST", f"{link}/join", {"name": "G"}) for _ in range(3)]
        assert [answer.status for answer in answers] == [200, 200, 429]


async def test_a_cookie_seats_a_member_where_they_stood_last(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        ada, server_id, *_ = await room(api)
        first = await seat(api, server_id, Join(), ada)
        assert (first.presence, first.role, first.zone_id, first.x) == ("walker", "owner", None, None)
        assert first.expires_at is not None
        await api.services.servers.save_position(server_id, first.user_id, 123.5, 77.25)
        again = await seat(api, server_id, Join(), ada)
        assert (again.x, again.y) == (123.5, 77.25)


async def test_nobody_sits_down_without_proof(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        ada, server_id, zone, link = await room(api)
        other = await ada.make_server("Other")
        guest = await api.browser().ok("POST", f"{link}/join", {"name": "Grace"})
        now = api.services.now()
        claims = SeatTicket(
            server_id, zone["id"], "guest-1", "G", "default", "guest", "guest", zone["meeting_id"]
        )
        media = MediaTicket(server_id, zone["id"], "guest-1", "G", True, True)
        issue = api.services.tickets.issue
        assert await refused(api, server_id, Join()) == "not_logged_in"
        assert await refused(api, server_id, Join(ticket="nonsense")) == "ticket_invalid"
        assert await refused(api, server_id, Join(ticket=issue(media, 60, now))) == "ticket_invalid"
        assert await refused(api, server_id, Join(ticket=issue(claims, 60, now - 61))) == "ticket_expired"
        assert await refused(api, other["id"], Join(ticket=guest["ticket"])) == "ticket_invalid"
        resume = issue(ResumeTicket(server_id, "guest-1", "s"), 60, now)
        assert await refused(api, server_id, Join(resume=resume)) == "not_logged_in"


async def test_a_resume_token_makes_nobody_else_and_an_old_one_keeps_nobody_out(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        ada, server_id, *_ = await room(api)
        now = api.services.now()
        own = await seat(api, server_id, Join(), ada)
        issue = api.services.tickets.issue
        for resume in (
            issue(ResumeTicket(server_id, own.user_id, "s"), 60, now),
            issue(ResumeTicket(server_id, own.user_id, "s"), 60, now - 3600),
            issue(ResumeTicket(server_id, "guest-1", "s"), 60, now),
            "nonsense",
        ):
            assert (await seat(api, server_id, Join(resume=resume), ada)).user_id == own.user_id


async def test_who_left_the_server_loses_their_seat_with_ticket_and_cookie(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        ada, server_id, _, link = await room(api)
        bob = api.browser()
        await bob.sign_up("bob")
        invite = await ada.ok("POST", f"/api/servers/{server_id}/invites", {}, 201)
        await bob.ok("POST", f"/api/servers/{server_id}/join", {"invite": invite["token"]})
        given = await bob.ok("POST", f"{link}/join", {})
        await bob.ok("POST", f"/api/servers/{server_id}/leave", {})
        assert await refused(api, server_id, Join(), bob) == "not_a_member"
        assert await refused(api, server_id, Join(ticket=given["ticket"]), bob) == "not_a_member"


async def test_who_is_banned_does_not_come_back_with_a_guests_ticket(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        ada, server_id, _, link = await room(api)
        eve = api.browser()
        eve_id = await eve.sign_up("eve")
        ticket = (await eve.ok("POST", f"{link}/join", {}))["ticket"]
        assert (await seat(api, server_id, Join(ticket=ticket), eve)).presence == "guest"
        await ada.ok("POST", f"/api/servers/{server_id}/bans", {"user_id": eve_id}, 201)
        assert await refused(api, server_id, Join(ticket=ticket)) == "banned"
