"""Files of the chat: up by members for a channel that they may write to, down to whoever may read it.

What is served cannot run: pictures of four types are shown, all else is saved, under a policy that allows
nothing (and `nosniff`). A guest shows the seat's ticket; the link that it came from must still hold.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web

from signaling.tickets import BadTicket, SeatTicket
from world.api.access import member_server
from world.api.body import answer
from world.api.chat import readable, reader_at
from world.api.chat_shapes import ChatFileView
from world.api.errors import ApiError
from world.api.identity import current_login, limited
from world.api.route import Route
from world.api.services import Services, services
from world.chat.files import FileRefused, StoredFile, disposition
from world.chat.rules import Reader, may_read
from world.records import ServerRecord

# A browser sends a file in one go; one that takes longer than this (seconds) is not coming.
UPLOAD_SECONDS = 120.0
# Uploads that run at a time, of all people.
MAX_UPLOADS = 32
# … and of one person: who sends slowly keeps nobody else waiting.
MAX_UPLOADS_EACH = 4
STATUS = {"file_too_large": 413, "quota_reached": 409, "empty_file": 422, "storage_full": 507}
POLICY = "default-src 'none'; sandbox"


def file_unknown() -> ApiError:
    """To those who may not read it there is no such file."""
    return ApiError(404, "file_unknown", "There is no such file for you.")


def _told(refused: FileRefused) -> ApiError:
    return ApiError(STATUS[refused.code], refused.code, refused.message, figure=refused.figure)


async def upload(request: web.Request) -> web.Response:
    known = services(request)
    server, member = await member_server(request)
    query = request.query
    channel = await readable(known, server, member, query.get("scope", ""), query.get("to"))
    now = known.now()
    uploads = known.limits.upload
    limited(request, uploads.take(member.user_id, now), uploads.wait(member.user_id, now))
    length = request.content_length
    if length is not None and length > known.files.limits.file:
        raise _told(known.files.limits.too_large())
    sender = member.user_id
    if known.uploading.total() >= MAX_UPLOADS or known.uploading[sender] >= MAX_UPLOADS_EACH:
        raise ApiError(503, "busy", "Too many files are on their way. Try again in a moment.")
    known.uploading[sender] += 1
    try:
        async with asyncio.timeout(UPLOAD_SECONDS):
            name = query.get("name", "")[:1000]
            info = await known.files.put(server.id, member.user_id, channel, name, _body(request))
    except FileRefused as refused:
        raise _told(refused) from None
    except TimeoutError:
        raise ApiError(408, "too_slow", "The file did not come in time.") from None
    finally:
        known.uploading[sender] -= 1
        if not known.uploading[sender]:
            del known.uploading[sender]
    return answer(ChatFileView(info.id, info.name, info.type, info.size), 201)


async def _body(request: web.Request) -> AsyncIterator[bytes]:
    async for part in request.content.iter_any():
        yield part


async def download(request: web.Request) -> web.StreamResponse:
    known = services(request)
    file = await known.files.get(request.match_info["file_id"])
    server = await known.servers.server(file.server_id) if file is not None else None
    if file is None or server is None or not await _allowed(request, known, file, server):
        raise file_unknown()
    if not await asyncio.to_thread(file.path.is_file):
        raise file_unknown()
    headers = {
        "Content-Type": file.info.type,
        "Content-Disposition": disposition(file.info),
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-cache",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    return web.FileResponse(file.path, headers=headers)


async def _allowed(request: web.Request, known: Services, file: StoredFile, server: ServerRecord) -> bool:
    zones = {zone.id: zone for zone in server.zones}
    zone_id = file.channel.zone_id
    header = request.headers.get("Authorization", "")
    if header.startswith("Bearer "):
        guest = await _guest(known, header.removeprefix("Bearer "), server)
        # Before a line says it, it is its uploader's only.
        if guest is None or not file.said:
            return False
        inside = zone_id is not None and guest in await known.world.people_in(server.id, zone_id)
        return may_read(file.channel, Reader(guest, False, zone_id if inside else None), zones)
    login = await current_login(request)
    if login is None:
        return False
    member = await known.servers.member(server.id, login.account.id)
    if member is None or (not file.said and member.user_id != file.user_id):
        return False
    return may_read(file.channel, await reader_at(known, server, member, zone_id), zones)


async def _guest(known: Services, ticket: str, server: ServerRecord) -> str | None:
    """The guest whose valid ticket for this server it is."""
    try:
        claims = known.tickets.read(SeatTicket, ticket, known.now())
    except BadTicket:
        return None
    zone = next((zone for zone in server.zones if zone.id == claims.zone_id), None)
    if claims.server_id != server.id or zone is None or zone.meeting_id != claims.meeting_id:
        return None
    return claims.user_id if claims.presence == "guest" else None


ROUTES = (
    Route(
        *("POST", "/api/servers/{server_id}/files", upload, "Upload a file for a chat (scope, to, name)"),
        body="application/octet-stream",
        answer=ChatFileView,
        status=201,
        errors={
            403: ("not_a_member",),
            404: ("server_unknown", "chat_unknown"),
            408: ("too_slow",),
            409: ("quota_reached",),
            413: ("file_too_large",),
            422: ("empty_file",),
            429: ("too_many_requests",),
            503: ("busy",),
            507: ("storage_full",),
        },
    ),
    Route(
        *("GET", "/api/files/{file_id}", download, "A file of a chat that one may read"),
        who="anybody",
        answer="application/octet-stream",
        errors={404: ("file_unknown",)},
    ),
)
