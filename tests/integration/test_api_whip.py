"""WHIP (RFC 9725) and WHEP over HTTP: tickets, sessions, refusals, and pages of other origins."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientResponse

from signaling.messages import MAX_SDP_CHARS, IceServer
from signaling.tickets import MediaTicket
from tests.support.api import Api, Browser, refusal, running_api
from world.api.whip import FRAGMENT, ice_tag
from world.running.devices import DeviceRefused

CREDENTIALS = "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n"
OFFER = f"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n{CREDENTIALS}"
TRICKLED = (
    f"{CREDENTIALS}m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=candidate:1 1 UDP 1 192.0.2.1 9 typ host\r\n"
)


class Device:
    """A streaming program: no cookies, a bearer ticket, SDP."""

    def __init__(self, browser: Browser, ticket: str) -> None:
        self._browser = browser
        self._ticket = ticket

    async def call(
        self, method: str, path: str, data: str | bytes = "", kind: str = "application/sdp", **more: str
    ) -> ClientResponse:
        headers = {"Authorization": f"Bearer {self._ticket}", "Content-Type": kind}
        headers |= {name.replace("_", "-"): value for name, value in more.items()}
        return await self._browser.call(method, path, data=data, headers=headers)


async def stage(api: Api, **wish: Any) -> tuple[Browser, dict[str, Any], dict[str, Any], Device]:
    """Ada, her room, a ticket of hers for it, and a device with that ticket."""
    ada = api.browser()
    await ada.sign_up("ada")
    zone = (await ada.make_server())["zones"][1]
    wish = wish or {"publish": True, "play": True}
    ticket = await ada.ok("POST", f"/api/zones/{zone['id']}/ticket", wish, 201)
    return ada, zone, ticket, Device(api.browser(), ticket["ticket"])


async def test_a_device_publishes_and_ends_it_as_rfc_9725_says(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        _, zone, ticket, device = await stage(api, publish=True, x=40.0, y=50.0)
        path = urlsplit(ticket["whip_url"]).path
        assert path == f"/whip/{zone['id']}"
        assert ticket["whep_url"] is None
        assert ticket["expires_at"] > api.services.now() + 3600
        response = await device.call("POST", path, OFFER)
        assert response.status == 201
        assert response.content_type == "application/sdp"
        assert (await response.text()).startswith("v=0")
        assert response.headers["ETag"] == ice_tag(OFFER)
        resource = response.headers["Location"]
        assert resource.startswith(f"{path}/")
        [(seat, _, direction)] = api.world.seats
        assert (seat.presence, seat.zone_id, seat.x, seat.y) == ("device", zone["id"], 40.0, 50.0)
        assert direction == "publish"
        ended = await device.call("DELETE", resource)
        assert ended.status == 200
        assert api.world.devices == {}
        again = await device.call("DELETE", resource)
        assert await refusal(again) == (404, "resource_unknown", None)


async def test_a_player_plays(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        _, zone, ticket, device = await stage(api, play=True)
        assert ticket["whip_url"] is None
        response = await device.call("POST", f"/whep/{zone['id']}", OFFER)
        assert response.status == 201
        assert api.world.seats[0][2] == "play"


@pytest.mark.parametrize(
    ("wish", "path", "code"),
    [
        ({"publish": True}, "/whep/{zone}", "may_not_play"),
        ({"play": True}, "/whip/{zone}", "may_not_publish"),
        ({"publish": True}, "/whip/{other}", "wrong_zone"),
    ],
)
async def test_a_ticket_opens_what_it_was_given_for_and_nothing_else(
    tmp_path: Path, wish: dict[str, bool], path: str, code: str
) -> None:
    async with running_api(tmp_path) as api:
        ada, zone, _, device = await stage(api, **wish)
        servers = (await ada.ok("GET", "/api/servers"))["servers"]
        zones = (await ada.ok("GET", f"/api/servers/{servers[0]['id']}/zones"))["zones"]
        address = path.format(zone=zone["id"], other=zones[0]["id"])
        assert await refusal(await device.call("POST", address, OFFER)) == (403, code, None)
        assert api.world.seats == []


async def test_without_a_ticket_that_holds_there_is_no_way_in(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        ada, zone, ticket, device = await stage(api)
        path = f"/whip/{zone['id']}"
        claims = api.services.tickets.read(MediaTicket, ticket["ticket"], api.services.now())
        old = api.services.tickets.issue(claims, 60, api.services.now() - 61)
        for header, code in [
            ("", "ticket_missing"),
            ("Basic YTpi", "ticket_missing"),
            ("Bearer", "ticket_missing"),
            ("Bearer nonsense", "ticket_invalid"),
            (f"Bearer {ticket['ticket'][:-4]}AAAA", "ticket_invalid"),
            (f"Bearer {old}", "ticket_expired"),
        ]:
            headers = {"Content-Type": "application/sdp", "Authorization": header}
            # A cookie is no ticket: the owner's own browser is refused as well.
            response = await ada.call("POST", path, data=OFFER, headers=headers)
            assert await refusal(response) == (401, code, None)
            assert response.headers["WWW-Authenticate"].startswith("Bearer")
        assert api.world.seats == []
        assert (await device.call("POST", path, OFFER)).status == 201


async def test_a_ticket_ends_with_its_owners_membership_and_with_the_zone(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        ada, zone, _, _ = await stage(api)
        server = (await ada.ok("GET", "/api/servers"))["servers"][0]["id"]
        bob = api.browser()
        await bob.sign_up("bob")
        invite = await ada.ok("POST", f"/api/servers/{server}/invites", {}, 201)
        await bob.ok("POST", f"/api/servers/{server}/join", {"invite": invite["token"]})
        given = await bob.ok("POST", f"/api/zones/{zone['id']}/ticket", {"publish": True}, 201)
        device = Device(api.browser(), given["ticket"])
        assert (await device.call("POST", f"/whip/{zone['id']}", OFFER)).status == 201
        await bob.ok("POST", f"/api/servers/{server}/leave", {})
        response = await device.call("POST", f"/whip/{zone['id']}", OFFER)
        assert await refusal(response) == (403, "not_a_member", None)
        await ada.ok("DELETE", f"/api/zones/{zone['id']}")
        response = await device.call("POST", f"/whip/{zone['id']}", OFFER)
        assert await refusal(response) == (404, "zone_unknown", None)


async def test_a_ticket_and_what_it_opened_end_with_its_owners_password(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        ada, zone, _, device = await stage(api)
        assert (await device.call("POST", f"/whep/{zone['id']}", OFFER)).status == 201
        server = (await ada.ok("GET", "/api/servers"))["servers"][0]["id"]
        change = {"old_password": "correct horse", "password": "battery staple"}
        await ada.ok("POST", "/api/auth/password", change)
        me = (await ada.ok("GET", "/api/auth/me"))["user"]["id"]
        assert ("end_devices", server, me) in api.world.calls
        for way in ("whip", "whep"):
            response = await device.call("POST", f"/{way}/{zone['id']}", OFFER)
            assert await refusal(response) == (401, "ticket_invalid", None)
        given = await ada.ok("POST", f"/api/zones/{zone['id']}/ticket", {"play": True}, 201)
        again = Device(api.browser(), given["ticket"])
        assert (await again.call("POST", f"/whep/{zone['id']}", OFFER)).status == 201


async def test_nobody_ends_the_session_of_somebody_else(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        ada, zone, _, device = await stage(api)
        resource = (await device.call("POST", f"/whip/{zone['id']}", OFFER)).headers["Location"]
        server = (await ada.ok("GET", "/api/servers"))["servers"][0]["id"]
        bob = api.browser()
        await bob.sign_up("bob")
        invite = await ada.ok("POST", f"/api/servers/{server}/invites", {}, 201)
        await bob.ok("POST", f"/api/servers/{server}/join", {"invite": invite["token"]})
        given = await bob.ok("POST", f"/api/zones/{zone['id']}/ticket", {"publish": True}, 201)
        response = await Device(api.browser(), given["ticket"]).call("DELETE", resource)
        assert await refusal(response) == (404, "resource_unknown", None)
        assert len(api.world.devices) == 1


@pytest.mark.parametrize(
    ("data", "kind", "expected"),
    [
        (OFFER, "application/json", (415, "unsupported_type")),
        ("", "application/sdp", (400, "bad_sdp")),
        ("hello", "application/sdp", (400, "bad_sdp")),
        ("v=0\r\ns=-\r\n", "application/sdp", (400, "bad_sdp")),
        (b"v=0\r\n\xff\xfe", "application/sdp", (400, "bad_sdp")),
        (OFFER + "a" * MAX_SDP_CHARS, "application/sdp", (413, "too_large")),
    ],
)
async def test_what_is_no_offer_is_refused_and_seats_nobody(
    tmp_path: Path, data: str | bytes, kind: str, expected: tuple[int, str]
) -> None:
    async with running_api(tmp_path) as api:
        _, zone, _, device = await stage(api)
        response = await device.call("POST", f"/whip/{zone['id']}", data, kind)
        assert (await refusal(response))[:2] == expected
        assert api.world.seats == []


@pytest.mark.parametrize(
    ("code", "status"),
    [("bad_sdp", 400), ("too_many_devices", 409), ("no_zone", 404), ("no_media_worker", 503)],
)
async def test_what_the_world_refuses_is_told_with_its_reason(tmp_path: Path, code: str, status: int) -> None:
    async with running_api(tmp_path) as api:
        _, zone, _, device = await stage(api)
        api.world.refuses = DeviceRefused(code, "because")
        response = await device.call("POST", f"/whip/{zone['id']}", OFFER)
        assert await refusal(response) == (status, code, None)


async def test_a_room_that_is_locked_or_full_takes_a_device_of_those_only_who_run_the_place(
    tmp_path: Path,
) -> None:
    async with running_api(tmp_path) as api:
        ada, zone, _, owners = await stage(api)
        bob = api.browser()
        await bob.sign_up("bob")
        server_id = (await ada.ok("GET", "/api/servers"))["servers"][0]["id"]
        await ada.ok("PATCH", f"/api/servers/{server_id}", {"access": "public"})
        await bob.ok("POST", f"/api/servers/{server_id}/join")
        ticket = await bob.ok("POST", f"/api/zones/{zone['id']}/ticket", {"publish": True}, 201)
        device = Device(api.browser(), ticket["ticket"])
        api.world.people[zone["id"]] = {"somebody"}
        for edit, code in (({"capacity": 1}, "room_full"), ({"locked": True}, "room_locked")):
            await ada.ok("PATCH", f"/api/zones/{zone['id']}", edit)
            response = await device.call("POST", f"/whip/{zone['id']}", OFFER)
            assert await refusal(response) == (409, code, None)
        assert (await owners.call("POST", f"/whip/{zone['id']}", OFFER)).status == 201


async def test_trickled_candidates_are_taken_and_an_ice_restart_is_refused(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        _, zone, _, device = await stage(api)
        opened = await device.call("POST", f"/whip/{zone['id']}", OFFER)
        resource, tag = opened.headers["Location"], opened.headers["ETag"]
        assert FRAGMENT in opened.headers["Accept-Patch"]

        async def patch(data: str, kind: str = FRAGMENT, **headers: str) -> ClientResponse:
            return await device.call("PATCH", resource, data, kind, **headers)

        assert (await patch(TRICKLED, If_Match=tag)).status == 204
        assert await refusal(await patch(TRICKLED)) == (428, "precondition_required", None)
        restart = TRICKLED.replace("abcd", "efgh")
        assert (await refusal(await patch(restart, If_Match=tag)))[:2] == (412, "other_ice_session")
        assert (await refusal(await patch(restart, If_Match="*")))[:2] == (422, "no_ice_restart")
        assert (await refusal(await patch("a=mid:0\r\n", If_Match=tag)))[:2] == (400, "bad_sdp")
        assert (await refusal(await patch(TRICKLED, "text/plain", If_Match=tag)))[:2] == (
            415,
            "unsupported_type",
        )
        api.world.devices.clear()  # its worker is gone
        assert (await refusal(await patch(TRICKLED, If_Match=tag)))[:2] == (404, "resource_unknown")


async def test_pages_of_every_origin_may_call_whip_and_nothing_else(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        _, zone, _, device = await stage(api)
        foreign = {
            "Origin": "https://studio.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization, content-type",
        }
        for kind in ("whip", "whep"):
            for path in (f"/{kind}/{zone['id']}", f"/{kind}/{zone['id']}/resource"):
                response = await api.browser().call("OPTIONS", path, headers=foreign)
                assert response.status == 204
                assert response.headers["Access-Control-Allow-Origin"] == "*"
                assert "Authorization" in response.headers["Access-Control-Allow-Headers"]
                assert "PATCH" in response.headers["Access-Control-Allow-Methods"]
        path = f"/whip/{zone['id']}"
        opened = await device.call("POST", path, OFFER, Origin="https://studio.example")
        assert opened.headers["Access-Control-Allow-Origin"] == "*"
        assert "Location" in opened.headers["Access-Control-Expose-Headers"]
        refused = await api.browser().call("POST", path, data=OFFER, headers={"Origin": "https://a.example"})
        assert refused.status == 401
        assert refused.headers["Access-Control-Allow-Origin"] == "*"
        for path in ("/api/maps", "/api/auth/me", "/healthz"):
            response = await api.browser().call("GET", path, headers={"Origin": "https://studio.example"})
            assert not [name for name in response.headers if name.startswith("Access-Control")]
            preflight = await api.browser().call("OPTIONS", path, headers=foreign)
            assert not [name for name in preflight.headers if name.startswith("Access-Control")]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
async def test_the_endpoint_takes_offers_only(tmp_path: Path, method: str) -> None:
    async with running_api(tmp_path) as api:
        _, zone, _, device = await stage(api)
        response = await device.call(method, f"/whip/{zone['id']}")
        assert await refusal(response) == (405, "method_not_allowed", None)
        assert "POST" in response.headers["Allow"]


async def test_our_turn_servers_are_named_in_link_headers(tmp_path: Path) -> None:
    servers = [IceServer(["stun:s.example:3478"]), IceServer(["turn:t.example:3478"], "1:ada", "c2VjcmV0")]
    async with running_api(tmp_path, ice_servers=lambda user_id: servers) as api:
        _, zone, _, device = await stage(api)
        opened = await device.call("POST", f"/whip/{zone['id']}", OFFER)
        assert opened.headers.getall("Link") == [
            '<stun:s.example:3478>; rel="ice-server"',
            '<turn:t.example:3478>; rel="ice-server"; username="1:ada"; credential="c2VjcmV0"; '
            'credential-type="password"',
        ]


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({}, "publish"),
        ({"publish": True, "x": 1.0}, "y"),
        ({"publish": True, "y": 1.0}, "x"),
        ({"publish": True, "x": 1e300, "y": 0.0}, "x"),
    ],
)
async def test_a_ticket_for_nothing_or_nowhere_is_not_given(
    tmp_path: Path, wish: dict[str, Any], field: str
) -> None:
    async with running_api(tmp_path) as api:
        ada, zone, *_ = await stage(api)
        refused = await ada.refused("POST", f"/api/zones/{zone['id']}/ticket", wish)
        assert refused == (422, "bad_field", field)
