"""The chat's history and files over HTTP: who may read what, and what nobody gets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from signaling.ratelimit import KeyedBuckets
from signaling.tickets import SeatTicket
from tests.support.api import Api, Browser, refusal, running_api
from world.api.services import Limits
from world.chat.archive import Line
from world.chat.files import FileLimits, FileStore
from world.chat.rules import SERVER, Channel, direct_channel, zone_channel
from world.storage.models import ChatMark

PNG = b"\x89PNG\r\n\x1a\n" + bytes(50)


class Guild:
    """A server with owner Ada and member Bob; Eve has an account and is a stranger."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.ada, self.bob, self.eve = api.browser(), api.browser(), api.browser()

    async def found(self) -> Guild:
        self.ada_id, self.bob_id, self.eve_id = [
            await one.sign_up(name) for one, name in ((self.ada, "ada"), (self.bob, "bob"), (self.eve, "eve"))
        ]
        made = await self.ada.make_server(access="public")
        self.id: str = made["id"]
        self.zones: dict[str, dict[str, Any]] = {zone["name"]: zone for zone in made["zones"]}
        await self.bob.ok("POST", f"/api/servers/{self.id}/join")
        return self

    async def say(self, channel: Channel, line_id: str, text: str = "hello") -> None:
        line = Line(line_id, self.id, channel, self.ada_id, "ada", text, 1_700_000_000_000)
        await self.api.services.chat.add([line])

    def stand(self, zone: str, *people: str) -> None:
        self.api.world.people[self.zones[zone]["id"]] = set(people)

    async def texts(self, browser: Browser, scope: str, to: str | None = None) -> list[str]:
        query = f"scope={scope}" + (f"&to={to}" if to is not None else "")
        page = await browser.ok("GET", f"/api/servers/{self.id}/chat/lines?{query}")
        return [line["text"] for line in page["lines"]]

    async def denied(self, browser: Browser, scope: str, to: str | None = None) -> str:
        query = f"scope={scope}" + (f"&to={to}" if to is not None else "")
        _, code, _ = await browser.refused("GET", f"/api/servers/{self.id}/chat/lines?{query}")
        return code

    async def upload(self, browser: Browser, data: bytes, query: str = "scope=server&name=a.png") -> Any:
        headers = {"Origin": browser.base, "Content-Type": "application/octet-stream"}
        return await browser.call("POST", f"/api/servers/{self.id}/files?{query}", data=data, headers=headers)

    async def uploaded(self, data: bytes, channel: Channel, query: str) -> str:
        """A file of Ada's that a line has said."""
        response = await self.upload(self.ada, data, query)
        assert response.status == 201, await response.text()
        file_id: str = (await response.json())["id"]
        info = await self.api.services.chat.take_file(file_id, self.id, self.ada_id, channel, "0" * 20)
        assert info is not None
        line = Line("0" * 20, self.id, channel, self.ada_id, "ada", "", 1_700_000_000_000, info)
        await self.api.services.chat.add([line])
        return file_id


@pytest.fixture
async def guild(tmp_path: Path) -> AsyncIterator[Guild]:
    async with running_api(tmp_path) as api:
        yield await Guild(api).found()


async def test_everybodys_chat_is_read_by_members_only(guild: Guild) -> None:
    await guild.say(SERVER, "1")
    assert await guild.texts(guild.bob, "server") == ["hello"]
    assert await guild.denied(guild.eve, "server") == "not_a_member"
    assert (await guild.api.browser().refused("GET", f"/api/servers/{guild.id}/chat"))[0] == 401


async def test_a_private_rooms_history_is_read_inside_and_not_from_outside(guild: Guild) -> None:
    room = guild.zones["Room_1"]["id"]
    await guild.say(zone_channel(room), "1", "secret")
    assert await guild.denied(guild.bob, "zone", room) == "chat_unknown"
    guild.stand("Room_1", guild.ada_id)
    assert await guild.denied(guild.bob, "zone", room) == "chat_unknown"
    guild.stand("Room_1", guild.ada_id, guild.bob_id)
    assert await guild.texts(guild.bob, "zone", room) == ["secret"]
    guild.stand("Room_1", guild.ada_id)
    assert await guild.denied(guild.bob, "zone", room) == "chat_unknown"
    _, code, _ = await guild.bob.refused(
        "POST", f"/api/servers/{guild.id}/chat/read", {"scope": "zone", "to": room, "id": "1"}
    )
    assert code == "chat_unknown"


async def test_a_public_zones_history_is_open_to_members(guild: Guild) -> None:
    hall = guild.zones["Hall"]["id"]
    await guild.say(zone_channel(hall), "1", "open")
    assert await guild.texts(guild.bob, "zone", hall) == ["open"]
    assert await guild.denied(guild.bob, "zone", "no-such-zone") == "chat_unknown"


async def test_a_direct_talk_is_read_by_its_two_people(guild: Guild) -> None:
    await guild.eve.ok("POST", f"/api/servers/{guild.id}/join")
    await guild.say(direct_channel(guild.ada_id, guild.bob_id), "1", "between us")
    assert await guild.texts(guild.bob, "direct", guild.ada_id) == ["between us"]
    assert await guild.texts(guild.ada, "direct", guild.bob_id) == ["between us"]
    assert await guild.texts(guild.eve, "direct", guild.ada_id) == []
    assert await guild.denied(guild.eve, "direct") == "chat_unknown"


@pytest.mark.parametrize("scope", ["", "nearby", "everything", "zone:x"])
async def test_a_scope_that_is_not_kept_is_unknown(guild: Guild, scope: str) -> None:
    assert await guild.denied(guild.bob, scope) == "chat_unknown"


async def test_the_list_of_chats_says_what_is_unread_and_hides_rooms_one_is_not_in(guild: Guild) -> None:
    room, hall = guild.zones["Room_1"]["id"], guild.zones["Hall"]["id"]
    far = "9" * 12
    await guild.say(SERVER, far + "1")
    await guild.say(zone_channel(room), far + "2")
    await guild.say(direct_channel(guild.ada_id, guild.bob_id), far + "3")

    async def listed() -> dict[tuple[str, str | None], int]:
        found = await guild.bob.ok("GET", f"/api/servers/{guild.id}/chat")
        return {(talk["scope"], talk["to"]): talk["unread"] for talk in found["talks"]}

    assert await listed() == {("server", None): 1, ("zone", hall): 0, ("direct", guild.ada_id): 1}
    guild.stand("Room_1", guild.bob_id)
    assert (await listed())["zone", room] == 1
    for scope, to, line in (("server", None, far + "1"), ("direct", guild.ada_id, far + "3")):
        body = {"scope": scope, "to": to, "id": line}
        await guild.bob.ok("POST", f"/api/servers/{guild.id}/chat/read", body)
    assert await listed() == {
        ("server", None): 0,
        ("zone", hall): 0,
        ("zone", room): 1,
        ("direct", guild.ada_id): 0,
    }


async def test_a_picture_is_shown_and_anything_else_is_saved_and_cannot_run(guild: Guild) -> None:
    picture = await guild.uploaded(PNG, SERVER, "scope=server&name=cat.png")
    response = await guild.bob.call("GET", f"/api/files/{picture}")
    assert await response.read() == PNG
    assert response.headers["Content-Type"] == "image/png"
    assert response.headers["Content-Disposition"].startswith('inline; filename="cat.png"')
    page = await guild.upload(guild.ada, b"<script>alert(1)</script>", "scope=server&name=x.html")
    file_id = (await page.json())["id"]
    response = await guild.ada.call("GET", f"/api/files/{file_id}")
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response.headers["Content-Security-Policy"]


async def test_a_rooms_file_is_served_inside_the_room_only(guild: Guild) -> None:
    room = guild.zones["Room_1"]["id"]
    guild.stand("Room_1", guild.ada_id, guild.bob_id)
    file_id = await guild.uploaded(PNG, zone_channel(room), f"scope=zone&to={room}&name=a.png")
    assert (await guild.bob.call("GET", f"/api/files/{file_id}")).status == 200
    guild.stand("Room_1", guild.ada_id)
    for browser in (guild.bob, guild.eve, guild.api.browser()):
        assert (await refusal(await browser.call("GET", f"/api/files/{file_id}")))[:2] == (
            404,
            "file_unknown",
        )


async def test_a_guest_gets_the_rooms_files_by_their_ticket_while_they_are_in_it(guild: Guild) -> None:
    zone = guild.zones["Room_1"]
    guild.stand("Room_1", guild.ada_id, "guest-1")
    in_room = await guild.uploaded(PNG, zone_channel(zone["id"]), f"scope=zone&to={zone['id']}&name=a.png")
    tickets = guild.api.services.tickets
    now = guild.api.services.now()

    def ticket(meeting_id: str, user: str = "guest-1") -> dict[str, str]:
        seat = SeatTicket(guild.id, zone["id"], user, "G", "a", "guest", "guest", meeting_id)
        return {"Authorization": f"Bearer {tickets.issue(seat, 60, now)}"}

    async def status(headers: dict[str, str]) -> int:
        browser = guild.api.browser()
        return (await browser.call("GET", f"/api/files/{in_room}", headers=headers)).status

    assert await status(ticket(zone["meeting_id"])) == 200
    assert await status(ticket("an older link")) == 404
    assert await status(ticket(zone["meeting_id"], "guest-2")) == 404
    assert await status({"Authorization": "Bearer nonsense"}) == 404
    guild.stand("Room_1", guild.ada_id)
    assert await status(ticket(zone["meeting_id"])) == 404


async def test_a_page_of_another_site_uploads_nothing(guild: Guild) -> None:
    path = f"/api/servers/{guild.id}/files?scope=server"
    for headers in (
        {"Origin": "https://evil.example", "Content-Type": "application/octet-stream"},
        {"Origin": guild.ada.base, "Content-Type": "text/plain"},
        {"Origin": guild.ada.base, "Content-Type": ""},
    ):
        response = await guild.ada.call("POST", path, data=PNG, headers=headers)
        assert (await refusal(response))[:2] == (403, "cross_site")


async def test_an_upload_that_nobody_has_said_is_its_uploaders_alone(guild: Guild) -> None:
    response = await guild.upload(guild.ada, PNG)
    file_id = (await response.json())["id"]
    assert (await guild.ada.call("GET", f"/api/files/{file_id}")).status == 200
    assert (await guild.bob.call("GET", f"/api/files/{file_id}")).status == 404
    assert (await guild.ada.call("GET", "/api/files/..%2f..%2fatrium.db")).status == 404


async def test_files_go_only_where_one_may_write_and_up_to_the_limits(tmp_path: Path) -> None:
    limits = Limits(upload=KeyedBuckets(0.001, 5))
    async with running_api(tmp_path, limits=limits) as api:
        api.services.files = FileStore(api.database, tmp_path / "files", FileLimits(100, 150, 1000))
        guild = await Guild(api).found()
        room = guild.zones["Room_1"]["id"]
        assert await refusal(await guild.upload(guild.bob, PNG, f"scope=zone&to={room}")) == (
            404,
            "chat_unknown",
            None,
        )
        assert (await refusal(await guild.upload(guild.eve, PNG)))[1] == "not_a_member"
        too_large = await guild.upload(guild.bob, bytes(200))
        assert (await refusal(too_large))[:2] == (413, "file_too_large")
        assert (await too_large.json())["error"]["figure"] == 100 / 1024 / 1024
        assert (await refusal(await guild.upload(guild.bob, b"")))[:2] == (422, "empty_file")
        assert (await guild.upload(guild.bob, bytes(100))).status == 201
        assert (await guild.upload(guild.bob, bytes(50))).status == 201
        assert (await refusal(await guild.upload(guild.bob, bytes(5))))[:2] == (409, "quota_reached")
        assert (await refusal(await guild.upload(guild.bob, bytes(5))))[:2] == (429, "too_many_requests")
        assert not api.services.uploading


async def test_a_file_goes_with_its_line_at_once(guild: Guild) -> None:
    file_id = await guild.uploaded(PNG, SERVER, "scope=server&name=a.png")
    assert (await guild.bob.call("GET", f"/api/files/{file_id}")).status == 200
    await guild.api.services.chat.forget("0" * 20)
    for browser in (guild.ada, guild.bob):
        assert (await browser.call("GET", f"/api/files/{file_id}")).status == 404


async def test_marks_are_kept_for_talks_with_people_and_not_for_names_that_are_nobodys(guild: Guild) -> None:
    path = f"/api/servers/{guild.id}/chat/read"
    for to in (guild.ada_id, guild.eve_id, "nobody"):
        await guild.bob.ok("POST", path, {"scope": "direct", "to": to, "id": "1"})
    async with guild.api.services.chat.database.read() as session:
        marks = await session.scalars(select(ChatMark.channel).where(ChatMark.user_id == guild.bob_id))
        assert list(marks) == [direct_channel(guild.ada_id, guild.bob_id).key]


async def test_one_person_does_not_take_everybodys_room_for_uploads(guild: Guild) -> None:
    guild.api.services.uploading[guild.ada_id] = 4
    response = await guild.upload(guild.ada, PNG)
    assert await refusal(response) == (503, "busy", None)
    assert (await guild.upload(guild.bob, PNG)).status == 201


async def test_a_full_disk_is_told_and_leaves_nothing_behind(
    guild: Guild, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Path.open
    monkeypatch.setattr("world.chat.files.Path.open", lambda path, mode: opened(Path("/dev/full"), "wb"))
    assert await refusal(await guild.upload(guild.ada, PNG)) == (507, "storage_full", None)
    monkeypatch.undo()
    assert (await guild.upload(guild.ada, PNG)).status == 201
    assert not guild.api.services.uploading
