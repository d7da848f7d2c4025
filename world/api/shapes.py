"""What goes in and out of the HTTP API, as structs: checked on the way in, written into OpenAPI.

Lengths here are walls against abuse; the exact rules of names stand in `world.storage.names`. Ids are UUIDs,
times seconds since 1970, coordinates and sizes map px.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from signaling.messages import Bounds, Coordinate, Role, ZoneType

Text = Annotated[str, Meta(max_length=256)]
ShortText = Annotated[str, Meta(max_length=128)]
Access = Literal["public", "invite"]


class Body(Struct, forbid_unknown_fields=True, frozen=True):
    """The root of request bodies. A field that we do not know is a mistake of the caller's."""


class View(Struct, frozen=True):
    """The root of answers."""


# --- errors ----------------------------------------------------------------------------------


class ErrorDetail(View, frozen=True, omit_defaults=True):
    """`code` for programs, `message` for people, `field` where one field is to blame; `figure` is the bound
    that `message` names, for who says it in other words."""

    code: str
    message: str
    field: str | None = None
    figure: float | None = None


class ErrorView(View, frozen=True):
    """Every error of the API."""

    error: ErrorDetail


# --- accounts --------------------------------------------------------------------------------


class SignUp(Body, frozen=True):
    """A new account: 3–32 letters, digits, `_-.` for the name, 8–256 characters for the password."""

    username: ShortText
    password: Annotated[str, Meta(max_length=1024)]
    display_name: ShortText | None = None
    avatar: ShortText | None = None


class LogIn(Body, frozen=True):
    """Who one is."""

    username: Text
    password: Annotated[str, Meta(max_length=1024)]


class ChangeMe(Body, frozen=True):
    """What to change; what is not named stays."""

    display_name: ShortText | None = None
    avatar: ShortText | None = None


class ChangePassword(Body, frozen=True):
    """The password that holds, and the one that is to."""

    old_password: Annotated[str, Meta(max_length=1024)]
    password: Annotated[str, Meta(max_length=1024)]


class UserView(View, frozen=True):
    """An account, as its owner sees it."""

    id: str
    username: str
    display_name: str
    avatar: str


class MeView(View, frozen=True):
    """Who is logged in, and the avatars to choose from (empty: there is no choice)."""

    user: UserView
    avatars: list[str]


# --- maps ------------------------------------------------------------------------------------


class MapView(View, frozen=True):
    """A map to make a server from. `name` goes into `POST /api/servers`."""

    name: str
    title: str
    description: str
    width: float
    height: float
    thumbnail: str
    zones: list[str]


class MapsView(View, frozen=True):
    """Every map."""

    maps: list[MapView]


# --- zones -----------------------------------------------------------------------------------


class ZoneView(View, frozen=True):
    """A zone, as members see it. `capacity` null: without a bound."""

    id: str
    name: str
    type: ZoneType
    bounds: Bounds
    meeting_id: str
    capacity: int | None
    locked: bool


class ZonesView(View, frozen=True):
    """Every zone of a server."""

    zones: list[ZoneView]


class NewZone(Body, frozen=True):
    """A zone to be. It lies on the map; where zones overlap, the smaller one has the place."""

    name: ShortText
    type: ZoneType
    bounds: Bounds
    capacity: Annotated[int, Meta(ge=1, le=1000)] | None = None
    locked: bool = False


class ChangeZone(Body, frozen=True):
    """What to change; what is not named stays. `capacity` 0 takes the bound away."""

    name: ShortText | None = None
    type: ZoneType | None = None
    bounds: Bounds | None = None
    capacity: Annotated[int, Meta(ge=0, le=1000)] | None = None
    locked: bool | None = None


class MeetingIdView(View, frozen=True):
    """The new secret of a room's link, and the link's path."""

    meeting_id: str
    path: str


class NewTicket(Body, frozen=True):
    """What a device wants to do in the zone, and where it stands there (else: near its centre)."""

    publish: bool = False
    play: bool = False
    x: Coordinate | None = None
    y: Coordinate | None = None


class TicketView(View, frozen=True):
    """A bearer ticket for WHIP (null when it may not publish) and WHEP (null when it may not play)."""

    ticket: str
    whip_url: str | None
    whep_url: str | None
    expires_at: float


# --- servers ---------------------------------------------------------------------------------


class NewServer(Body, frozen=True):
    """A server from a map; `map` is one of `GET /api/maps`, `region` one of `GET /api/regions`, or empty."""

    name: ShortText
    map: ShortText
    access: Access = "public"
    region: ShortText = ""


class ChangeServer(Body, frozen=True):
    """What to change; what is not named stays."""

    name: ShortText | None = None
    access: Access | None = None
    region: ShortText | None = None


class RegionsView(View, frozen=True):
    """Where media workers stand. None: the installation knows no regions."""

    regions: list[str]


class ServerCreated(View, frozen=True):
    """A new server with its zones."""

    id: str
    name: str
    map: str
    access: Access
    zones: list[ZoneView]


class ServerView(View, frozen=True):
    """A server as one person sees it. `role` null: not a member (yet)."""

    id: str
    name: str
    map: str
    access: Access
    role: Role | None
    members: int
    online: int
    thumbnail: str | None
    region: str


class ServersView(View, frozen=True):
    """The servers that I belong to."""

    servers: list[ServerView]


class JoinServer(Body, frozen=True):
    """`invite` is needed where the server is not public."""

    invite: ShortText | None = None


class MemberView(View, frozen=True):
    """Somebody who belongs to a server."""

    user_id: str
    username: str
    display_name: str
    avatar: str
    role: Role


class MembersView(View, frozen=True):
    """Everybody who belongs to a server, the owner first."""

    members: list[MemberView]


class ChangeMember(Body, frozen=True):
    """A new role. There is one owner, always."""

    role: Literal["admin", "moderator", "member"]


class NewBan(Body, frozen=True):
    """Who may not come (back), by user id, and why (for the list of bans)."""

    user_id: ShortText
    reason: Annotated[str, Meta(max_length=200)] = ""


class BanView(View, frozen=True):
    """Somebody who may not come back. `at`: seconds since 1970."""

    user_id: str
    username: str
    reason: str
    at: float


class BansView(View, frozen=True):
    """Everybody who may not come back, the newest first."""

    bans: list[BanView]


class NewInvite(Body, frozen=True):
    """How long (hours) and how often the link holds; null: without a bound."""

    hours: Annotated[float, Meta(gt=0, le=24 * 365)] | None = 24 * 7
    uses: Annotated[int, Meta(ge=1, le=10_000)] | None = None


class InviteView(View, frozen=True):
    """An invitation and the link's path. `expires_at` seconds since 1970."""

    token: str
    path: str
    expires_at: float | None
    uses_left: int | None


# --- meetings --------------------------------------------------------------------------------


class MeetingServer(View, frozen=True):
    """The server that a room belongs to."""

    id: str
    name: str


class MeetingZone(View, frozen=True):
    """The room. `capacity` null: without a bound."""

    id: str
    name: str
    type: ZoneType
    capacity: int | None
    locked: bool


class MeetingView(View, frozen=True):
    """What anybody with the link may know of the room. `people`: how many are inside."""

    server: MeetingServer
    zone: MeetingZone
    people: int


class JoinMeeting(Body, frozen=True):
    """`name` is what a guest wants to be called; somebody logged in keeps their own."""

    name: ShortText | None = None


class SeatView(View, frozen=True):
    """A seat in the room: open `ws` and send `ticket` in the first message (`join`)."""

    ticket: str
    server_id: str
    zone_id: str
    user_id: str
    ws: str


class Done(View, frozen=True):
    """It is done; there is nothing to say about it."""

    ok: bool = True
