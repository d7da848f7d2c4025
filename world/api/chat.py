"""`/api/servers/{server_id}/chat`: what was said, and how far one has read it.

Saying something goes over the WebSocket; this is for coming back. Who may read what is one rule
(`world.chat.rules`): a private room's chat is there for those who are in it, by the world's own view.
"""

from __future__ import annotations

from typing import Literal

from aiohttp import web

from signaling.messages import ChatFileInfo
from world.api.access import member_server
from world.api.body import answer, read_json
from world.api.chat_shapes import (
    ChatLinesView,
    ChatLineView,
    ChatReactionView,
    ChatReadBody,
    ChatTalksView,
    ChatTalkView,
)
from world.api.errors import ApiError
from world.api.identity import limited
from world.api.route import Route
from world.api.services import Services, services
from world.api.shapes import Done
from world.chat.rules import SERVER, Channel, Reader, may_read, target, zone_channel
from world.chat.store import KeptLine
from world.records import Member, ServerRecord

PAGE = 50
MAX_ID_CHARS = 32


def channel_unknown() -> ApiError:
    """To those who may not read it there is no such chat."""
    return ApiError(404, "chat_unknown", "There is no such chat for you.")


async def reader_at(known: Services, server: ServerRecord, member: Member, zone_id: str | None) -> Reader:
    """The member as the rule sees them, where it matters whether they are in this zone."""
    inside = zone_id is not None and member.user_id in await known.world.people_in(server.id, zone_id)
    return Reader(member.user_id, True, zone_id if inside else None)


async def readable(
    known: Services, server: ServerRecord, member: Member, scope: str, to: str | None
) -> Channel:
    """The channel that a member names, if they may read it. Raises ApiError 404."""
    kinds: dict[str, Literal["zone", "server", "direct"]] = {
        "zone": "zone",
        "server": "server",
        "direct": "direct",
    }
    kind = kinds.get(scope)
    if kind is None or (to is not None and not 0 < len(to) <= 64):
        raise channel_unknown()
    zones = {zone.id: zone for zone in server.zones}
    reader = await reader_at(known, server, member, to if kind == "zone" else None)
    channel = target(kind, to, reader, zones)
    if not isinstance(channel, Channel):
        raise channel_unknown()
    return channel


async def _channel(request: web.Request) -> tuple[ServerRecord, Member, Channel]:
    server, member = await member_server(request)
    query = request.query
    channel = await readable(services(request), server, member, query.get("scope", ""), query.get("to"))
    return server, member, channel


async def lines(request: web.Request) -> web.Response:
    server, member, channel = await _channel(request)
    before = request.query.get("before")
    if before is not None and len(before) > MAX_ID_CHARS:
        raise channel_unknown()
    text = request.query.get("limit", str(PAGE))
    limit = int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else PAGE
    found, more = await services(request).chat.page(server.id, channel, member.user_id, before, limit)
    return answer(ChatLinesView([_view(kept, member.user_id) for kept in found], more))


def _view(kept: KeptLine, reader: str) -> ChatLineView:
    line = kept.line
    file = ChatFileInfo(*_file(line.file)) if line.file is not None else None
    reactions = [ChatReactionView(name, count, mine) for name, count, mine in kept.reactions]
    return ChatLineView(
        line.id,
        line.user_id,
        line.name,
        line.text,
        line.channel.scope,
        line.at,
        line.channel.told_to(reader),
        file,
        reactions,
    )


def _file(info: ChatFileInfo) -> tuple[str, str, str, int]:
    return info.id, info.name, info.type, info.size


async def talks(request: web.Request) -> web.Response:
    known = services(request)
    server, member = await member_server(request)
    channels = [SERVER]
    zones = {zone.id: zone for zone in server.zones}
    for zone in server.zones:
        channel = zone_channel(zone.id)
        private = zone.type == "PRIVATE"
        reader = await reader_at(known, server, member, zone.id if private else None)
        if may_read(channel, reader, zones):
            channels.append(channel)
    found = await known.chat.talks(server.id, member.user_id, channels)
    return answer(
        ChatTalksView(
            [
                ChatTalkView(
                    talk.channel.scope,
                    talk.channel.told_to(member.user_id),
                    talk.last_id,
                    talk.unread,
                    *(talk.other if talk.other is not None else ("", "")),
                )
                for talk in found
            ]
        )
    )


async def read(request: web.Request) -> web.Response:
    known = services(request)
    server, member = await member_server(request)
    body = await read_json(request, ChatReadBody)
    now = known.now()
    marks = known.limits.chat_marks
    limited(request, marks.take(member.user_id, now), marks.wait(member.user_id, now))
    channel = await readable(known, server, member, body.scope, body.to)
    other = channel.told_to(member.user_id) if channel.pair is not None else None
    # A name that is nobody's would be a row for ever; a talk with somebody who has left keeps its mark.
    known_talk = other is None or await known.servers.member(server.id, other) is not None
    await known.chat.mark_read(server.id, member.user_id, channel, body.id, begin=known_talk)
    return answer(Done())


_DENIED = {403: ("not_a_member",), 404: ("server_unknown", "chat_unknown")}
_CHAT = "/api/servers/{server_id}/chat"
ROUTES = (
    Route(
        *("GET", _CHAT, talks, "My chats on this server, with what is unread"),
        answer=ChatTalksView,
        errors={403: ("not_a_member",), 404: ("server_unknown",)},
    ),
    Route(
        *(
            "GET",
            _CHAT + "/lines",
            lines,
            "What was said in one chat, page by page (scope, to, before, limit)",
        ),
        answer=ChatLinesView,
        errors=_DENIED,
    ),
    Route(
        *("POST", _CHAT + "/read", read, "I have read this chat up to a line"),
        body=ChatReadBody,
        answer=Done,
        errors=_DENIED | {429: ("too_many_requests",)},
        example={"scope": "server", "id": "0197a1b2c3d00000f00dfeed1234"},
    ),
)
