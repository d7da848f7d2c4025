"""The chat of running spaces: takes lines, reactions and withdrawals, and tells those who may read them.

A line is told at once and kept behind it. Only what needs storage first (a file, a reaction, a person who
is not here) is done in a task of its own; of each client few of those run at a time.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import Callable, Coroutine

from signaling.messages import (
    Chat,
    ChatDelete,
    ChatDeleted,
    ChatMessage,
    ChatReact,
    ChatReacted,
    Error,
    Message,
)
from world.chat.archive import ChatArchive, Line, NothingKept
from world.chat.rules import Channel, LineIds, Reader, Refusal, clean, may_read, target
from world.clients.client import Client
from world.clients.frames import frame
from world.running.directory import Directory
from world.running.live import LiveSpace
from world.space.player import Player

# Of the bucket for lines: a reaction is a click.
REACTION_COST = 0.3
# What waits for storage at a time, of one client and of all.
MAX_WAITING = 4
MAX_WAITING_ALL = 500
MODERATORS = frozenset({"owner", "admin", "moderator"})

log = logging.getLogger("atrium.chat")


def reader_of(player: Player) -> Reader:
    """Somebody who is here, as the rule sees them."""
    return Reader(player.user_id, player.presence == "walker", player.zone_id)


class ChatDesk:
    """One node's chat."""

    def __init__(self, directory: Directory, archive: ChatArchive | None, wall: Callable[[], float]) -> None:
        self._directory = directory
        self._archive = archive if archive is not None else NothingKept()
        self._wall = wall
        self._ids = LineIds()
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting: Counter[Client] = Counter()

    async def close(self) -> None:
        """Give up what waits for storage."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def take(
        self, live: LiveSpace, client: Client, message: Chat | ChatReact | ChatDelete, now: float
    ) -> None:
        """One message of a client. `now` in seconds."""
        cost = 1.0 if isinstance(message, Chat) else REACTION_COST
        if not client.chats.take(now, cost):
            ref = "chat" if isinstance(message, Chat) else "chat_react"
            client.send(Error("rate_limited", "you write faster than people read", ref))
        elif isinstance(message, ChatReact):
            self._later(client, "chat_react", self._react(live, client, message))
        elif isinstance(message, ChatDelete):
            self._later(client, "chat_delete", self._delete(live, client, message))
        else:
            self._chat(live, client, message)

    # --- lines -------------------------------------------------------------------------------------

    def _chat(self, live: LiveSpace, client: Client, message: Chat) -> None:
        text = clean(message.text)
        if not text and message.file is None:
            client.send(Error("empty", "there is nothing to read in it", "chat"))
        elif message.scope == "nearby":
            if message.file is not None:
                client.send(Error("not_kept", "what is said nearby is not kept, and files are", "chat"))
            else:
                self._nearby(live, client, text)
        else:
            channel = target(message.scope, message.to, reader_of(client.player), live.space.zones.zones)
            if isinstance(channel, Refusal):
                client.send(Error(channel.code, channel.message, "chat"))
            elif message.file is None and self._is_here(live, channel, client.player):
                self._tell(live, client.player, channel, text)
            else:
                self._later(client, "chat", self._slow(live, client, channel, text, message.file))

    def _nearby(self, live: LiveSpace, client: Client, text: str) -> None:
        """To exactly those who hear the speaker, and the speaker."""
        player = client.player
        line = ChatMessage(player.user_id, player.name, text, "nearby", self._now_ms())
        client.send(line)
        for other in list(live.audibility.hearers(player)):
            hearer = live.clients.get(other)
            if hearer is not None:
                hearer.send(line)

    def _is_here(self, live: LiveSpace, channel: Channel, writer: Player) -> bool:
        """Whether nobody has to be asked about the other one of a direct talk."""
        if channel.pair is None:
            return True
        other = live.space.players.get(channel.told_to(writer.user_id) or "")
        return other is not None and other.presence == "walker"

    async def _slow(
        self, live: LiveSpace, client: Client, channel: Channel, text: str, file_id: str | None
    ) -> None:
        """A line that needs storage first."""
        player = client.player
        if not self._is_here(live, channel, player):
            other = channel.told_to(player.user_id) or ""
            if await self._directory.member(live.record.id, other) is None:
                client.send(Error("no_person", "nobody of that name belongs to this server", "chat"))
                return
        line_id = self._next_id()
        if file_id is None:
            self._tell(live, player, channel, text, line_id)
            return
        file = await self._archive.take_file(file_id, live.record.id, player.user_id, channel, line_id)
        if file is None:
            client.send(Error("no_file", "there is no such file of yours for this chat", "chat"))
        elif not may_read(channel, reader_of(player), live.space.zones.zones):
            # They walked out while the file was looked for.
            client.send(Error("not_allowed", "you are not in that room any more", "chat"))
        else:
            line = Line(
                *(line_id, live.record.id, channel, player.user_id, player.name, text, self._now_ms(), file)
            )
            self._say(live, line)

    def _tell(
        self, live: LiveSpace, player: Player, channel: Channel, text: str, line_id: str | None = None
    ) -> None:
        line_id = line_id if line_id is not None else self._next_id()
        at = self._now_ms()
        self._say(live, Line(line_id, live.record.id, channel, player.user_id, player.name, text, at))

    def _say(self, live: LiveSpace, line: Line) -> None:
        self._archive.keep(line)

        def told(reader: str) -> ChatMessage:
            to = line.channel.told_to(reader)
            return ChatMessage(
                *(line.user_id, line.name, line.text, line.channel.scope, line.at, line.id, to, line.file)
            )

        tell_readers(live, line.channel, told)

    # --- reactions and withdrawals -------------------------------------------------------------------

    async def _react(self, live: LiveSpace, client: Client, message: ChatReact) -> None:
        line = await self._readable(live, client, message.id, "chat_react")
        if line is None:
            return
        me = client.player.user_id
        count = await self._archive.react(line.id, me, message.reaction, message.on)
        if count is None:
            client.send(Error("too_many", "no more reactions fit there", "chat_react"))
            return
        told = ChatReacted(line.id, me, message.reaction, message.on, count)
        tell_readers(live, line.channel, lambda reader: told)

    async def _delete(self, live: LiveSpace, client: Client, message: ChatDelete) -> None:
        line = await self._readable(live, client, message.id, "chat_delete")
        if line is None:
            return
        player = client.player
        moderates = player.role in MODERATORS and line.channel.pair is None
        if line.user_id != player.user_id and not moderates:
            client.send(Error("not_allowed", "this line is somebody else's", "chat_delete"))
            return
        await self._archive.forget(line.id)
        told = ChatDeleted(line.id)
        tell_readers(live, line.channel, lambda reader: told)

    async def _readable(self, live: LiveSpace, client: Client, line_id: str, ref: str) -> Line | None:
        """The line, if the client may read it; to all others there is no such line."""
        line = await self._archive.line(live.record.id, line_id)
        if line is None or not may_read(line.channel, reader_of(client.player), live.space.zones.zones):
            client.send(Error("no_line", "there is no such line", ref))
            return None
        return line

    # --- tasks ---------------------------------------------------------------------------------------

    def _later(self, client: Client, ref: str, work: Coroutine[object, object, None]) -> None:
        if self._waiting[client] >= MAX_WAITING or len(self._tasks) >= MAX_WAITING_ALL:
            work.close()
            client.send(Error("rate_limited", "wait until your last ones are through", ref))
            return
        self._waiting[client] += 1
        task = asyncio.get_running_loop().create_task(self._guarded(client, ref, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, client: Client, ref: str, work: Coroutine[object, object, None]) -> None:
        try:
            await work
        except Exception as error:
            log.warning("chat could not be stored: %s", error)
            client.send(Error("unavailable", "our storage does not answer; try again soon", ref))
        finally:
            self._waiting[client] -= 1
            if not self._waiting[client]:
                del self._waiting[client]

    def _now_ms(self) -> int:
        return int(self._wall() * 1000)

    def _next_id(self) -> str:
        return self._ids.next(self._now_ms(), secrets.token_hex(6))


def tell_readers(live: LiveSpace, channel: Channel, told: Callable[[str], Message]) -> None:
    """Everybody who is here and may read the channel gets it now.

    `told` makes the message for a reader; of a channel that is no direct talk it is the same for all and
    is encoded once.
    """
    zones = live.space.zones.zones
    if channel.pair is not None:
        for user_id in channel.pair:
            player = live.space.players.get(user_id)
            client = live.clients.get(player) if player is not None else None
            if client is not None and may_read(channel, reader_of(client.player), zones):
                client.send(told(user_id))
        return
    data = frame(told(""))
    for client in list(live.clients.values()):
        if may_read(channel, reader_of(client.player), zones):
            client.send_frame(data)
