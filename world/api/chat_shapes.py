"""What goes in and out of the chat's API, as `world.api.shapes` does for the rest."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from signaling.messages import ChatFileInfo, ChatScope, Emote, Id
from world.api.shapes import Body, View


class ChatReactionView(View, frozen=True):
    """So many people show this reaction; `mine`: I am one of them."""

    reaction: Emote
    count: int
    mine: bool


class ChatLineView(View, frozen=True):
    """A line as in the message `chat`, with its reactions."""

    id: str
    user_id: str
    name: str
    text: str
    scope: ChatScope
    at: int
    to: str | None
    file: ChatFileInfo | None
    reactions: list[ChatReactionView]


class ChatLinesView(View, frozen=True):
    """Lines, oldest first; `more`: there are older ones (`before` the first of these)."""

    lines: list[ChatLineView]
    more: bool


class ChatTalkView(View, frozen=True):
    """One chat: `to` is the zone, or the person of a direct one (then with `name` and `avatar`).

    `unread` counts up to 100.
    """

    scope: ChatScope
    to: str | None
    last_id: str | None
    unread: int
    name: str
    avatar: str


class ChatTalksView(View, frozen=True):
    """Everybody's chat, the zones that one may read, and direct talks, the latest first."""

    talks: list[ChatTalkView]


class ChatReadBody(Body, frozen=True):
    """The chat, and the last line in it that was read."""

    scope: ChatScope
    id: Annotated[str, Meta(min_length=1, max_length=32)]
    to: Id | None = None


class ChatFileView(View, frozen=True):
    """An uploaded file: its `id` goes into a line of the chat that it was uploaded for."""

    id: str
    name: str
    type: str
    size: int
