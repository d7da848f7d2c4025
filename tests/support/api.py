"""The HTTP API on a real database and a real socket, with a world that only remembers what it was asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any, Literal

from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from signaling.messages import Bounds, Role
from signaling.tickets import Tickets
from tests.support.databases import migrated_sqlite, quick_passwords
from web.app import AppParts, make_app
from web.health import Check
from world.api.services import Services
from world.chat.files import FileStore
from world.chat.store import ChatStore
from world.records import Seat, Spawn
from world.storage.bans import BanStore
from world.storage.database import Database
from world.storage.invites import InviteStore
from world.storage.map_library import MapChoice, MapZone
from world.storage.servers import ServerStore
from world.storage.sessions import SessionStore
from world.storage.users import UserStore
from world.storage.zones import ZoneStore

SECRET = "a secret for tests that is long enough"

STUDIO = MapChoice(
    name="studio",
    title="Studio",
    description="Two rooms for tests.",
    width=640.0,
    height=480.0,
    zones=(
        MapZone("Hall", "PUBLIC", Bounds(0.0, 240.0, 640.0, 240.0)),
        MapZone("Room_1", "PRIVATE", Bounds(32.0, 32.0, 200.0, 160.0)),
    ),
    spawns=(Spawn("Spawn_main", 320.0, 400.0),),
    thumbnail="/maps/studio/thumbnail.png",
)


class Maps:
    """One map."""

    def all(self) -> list[MapChoice]:
        return [STUDIO]

    def get(self, name: str) -> MapChoice | None:
        return STUDIO if name == STUDIO.name else None


@dataclass
class Opened:
    resource: str
    sdp: str


@dataclass
class RememberingWorld:
    """A WorldPort that does nothing but remember, and says what the test puts into it."""

    calls: list[tuple[str, ...]] = field(default_factory=list)
    seats: list[tuple[Seat, str, str]] = field(default_factory=list)
    devices: dict[str, str] = field(default_factory=dict)
    people: dict[str, set[str]] = field(default_factory=dict)
    guests: set[str] = field(default_factory=set)
    stands: list[str] = field(default_factory=list)
    present: dict[str, int] = field(default_factory=dict)
    refuses: Exception | None = None

    async def zones_changed(self, server_id: str) -> None:
        self.calls.append(("zones_changed", server_id))

    async def server_deleted(self, server_id: str) -> None:
        self.calls.append(("server_deleted", server_id))

    async def remove_user(self, server_id: str, user_id: str, code: str, message: str) -> None:
        self.calls.append(("remove_user", server_id, user_id, code))

    async def remove_guest(self, server_id: str, user_id: str) -> bool:
        if user_id not in self.guests:
            return False
        self.guests.remove(user_id)
        return True

    async def end_devices(self, server_id: str, user_id: str) -> None:
        self.calls.append(("end_devices", server_id, user_id))

    async def look_changed(self, server_id: str, user_id: str, name: str, avatar: str) -> None:
        self.calls.append(("look_changed", server_id, user_id, name, avatar))

    async def role_changed(self, server_id: str, user_id: str, role: Role) -> None:
        self.calls.append(("role_changed", server_id, user_id, role))

    async def open_device(
        self, seat: Seat, server_id: str, sdp: str, direction: Literal["publish", "play"]
    ) -> Opened:
        if self.refuses is not None:
            raise self.refuses
        self.seats.append((seat, server_id, direction))
        resource = f"resource-{len(self.seats)}"
        self.devices[resource] = seat.user_id
        return Opened(resource, "v=0\r\ns=answer\r\n")

    async def has_device(self, resource: str, user_id: str, server_id: str) -> bool:
        return self.devices.get(resource) == user_id

    async def close_device(self, resource: str, user_id: str, server_id: str) -> bool:
        if self.devices.get(resource) != user_id:
            return False
        del self.devices[resource]
        return True

    def regions(self) -> list[str]:
        return self.stands

    async def online(self, server_id: str) -> int:
        return self.present.get(server_id, 0)

    async def people_in(self, server_id: str, zone_id: str) -> Collection[str]:
        return self.people.get(zone_id, set())


@dataclass
class Browser:
    """One browser (its own cookies) that talks to the API."""

    client: TestClient[Any, Any]
    base: str

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        data: bytes | str | None = None,
        headers: dict[str, str] | None = None,
    ) -> ClientResponse:
        sent = {"Sec-Fetch-Site": "same-origin", "Origin": self.base} if headers is None else headers
        if data is not None:
            return await self.client.request(method, path, data=data, headers=sent, allow_redirects=False)
        if body is None:
            return await self.client.request(method, path, headers=sent, allow_redirects=False)
        return await self.client.request(method, path, json=body, headers=sent, allow_redirects=False)

    async def ok(self, method: str, path: str, body: object = None, status: int = 200) -> Any:
        """The answer's JSON; fails with the answer when the status is another one."""
        response = await self.call(method, path, body)
        text = await response.text()
        assert response.status == status, f"{method} {path}: {response.status} {text}"
        return await response.json()

    async def refused(self, method: str, path: str, body: object = None) -> tuple[int, str, str | None]:
        """(status, code, field) of an error."""
        response = await self.call(method, path, body)
        return await refusal(response)

    async def sign_up(self, username: str, password: str = "correct horse") -> str:
        """A new account, logged in; its id."""
        answer = await self.ok("POST", "/api/auth/signup", {"username": username, "password": password}, 201)
        return str(answer["user"]["id"])

    async def make_server(self, name: str = "Guild", access: str = "invite") -> dict[str, Any]:
        """A server of the studio map."""
        body = {"name": name, "map": "studio", "access": access}
        made: dict[str, Any] = await self.ok("POST", "/api/servers", body, 201)
        return made


async def refusal(response: ClientResponse) -> tuple[int, str, str | None]:
    """(status, code, field) of an error, which must have the one form that errors have."""
    body = await response.json()
    assert set(body) == {"error"}, body
    error = body["error"]
    assert set(error) <= {"code", "message", "field", "figure"}, body
    assert error["message"].strip(), body
    return response.status, error["code"], error.get("field")


def cookie_of(response: ClientResponse, name: str) -> Any:
    """The Set-Cookie of this name, with its attributes."""
    jar: SimpleCookie = SimpleCookie()
    for header in response.headers.getall("Set-Cookie", []):
        jar.load(header)
    return jar[name]


@dataclass
class Api:
    """A running API with what stands behind it."""

    server: TestServer
    services: Services
    world: RememberingWorld
    database: Database
    _open: list[TestClient[Any, Any]]

    def browser(self) -> Browser:
        """A new browser without cookies."""
        client: TestClient[Any, Any] = TestClient(self.server)
        self._open.append(client)
        return Browser(client, f"http://{self.server.host}:{self.server.port}")


@asynccontextmanager
async def running_api(
    folder: Path, checks: Mapping[str, Check] | None = None, **changes: Any
) -> AsyncIterator[Api]:
    """The API on a fresh SQLite database. `changes` go into `Services`."""
    database = await migrated_sqlite(folder)
    passwords = quick_passwords()
    world = RememberingWorld()
    services = Services(
        users=UserStore(database, passwords),
        sessions=SessionStore(database),
        servers=ServerStore(database),
        zones=ZoneStore(database),
        invites=InviteStore(database),
        bans=BanStore(database),
        chat=ChatStore(database),
        files=FileStore(database, folder / "files"),
        maps=Maps(),
        tickets=Tickets(SECRET),
        world=world,
        **changes,
    )
    app = make_app(AppParts(services, checks=checks or {}, registry=CollectorRegistry()))
    server = TestServer(app, host="127.0.0.1")
    api = Api(server, services, world, database, [])
    await server.start_server()
    try:
        yield api
    finally:
        for client in api._open:
            await client.session.close()
        await server.close()
        passwords.close()
        await database.close()
