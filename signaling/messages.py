"""Every message between a client and the world, as tagged structs.

One JSON object a WebSocket text frame; the field `type` says which struct it is. `signaling.codec`
turns bytes into these and back, `signaling.typescript` writes the same types for the browser, and
docs/protocol.md is their prose. Coordinates are map px (float), times are ms, gains are 0..1.

This file knows no transport and no rule: it only says what can be said.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType

# Bounds that hold for any client, before a rule looks at the message.
MAX_FRAME_BYTES = 256 * 1024  # a full SDP of 60 slots is 56 kB
MAX_SDP_CHARS = 128 * 1024
MAX_COORDINATE = 1_000_000.0

Direction = Literal["up", "down", "left", "right"]
Source = Literal["mic", "camera", "screen", "screen_audio"]
# What an overloaded worker leaves out, in the order announced: the video of those far away, all cameras,
# the sound of those far away.
Degradation = Literal["none", "far_video", "near_video", "far_audio"]
Kind = Literal["audio", "video"]
Role = Literal["owner", "admin", "moderator", "member", "guest"]
ZoneType = Literal["PUBLIC", "PRIVATE", "SILENT"]
# How somebody is present: a walker steers an avatar; a guest sits in the room of a meeting link;
# a device is a WHIP publisher or WHEP player that stands in a zone.
Presence = Literal["walker", "guest", "device"]
# What somebody says of their attention. One who is away sends nothing.
Status = Literal["available", "busy", "away"]
Emote = Literal["wave", "heart", "laugh", "clap", "thumbs_up", "question"]
# Who reads a line of chat: those who hear me, a zone, everybody, or one person.
ChatScope = Literal["nearby", "zone", "server", "direct"]

KIND_OF_SOURCE: dict[str, Kind] = {
    "mic": "audio",
    "camera": "video",
    "screen": "video",
    "screen_audio": "audio",
}

Id = Annotated[str, Meta(min_length=1, max_length=64)]
Name = Annotated[str, Meta(min_length=1, max_length=64)]
Sdp = Annotated[str, Meta(min_length=1, max_length=MAX_SDP_CHARS)]
Coordinate = Annotated[float, Meta(ge=-MAX_COORDINATE, le=MAX_COORDINATE)]
Sequence = Annotated[int, Meta(ge=0, le=2**53 - 1)]


class Message(Struct, tag_field="type", frozen=True):
    """The root of every message."""


def tag_of(message: Message) -> str:
    """What the message's `type` says on the wire."""
    return str(message.__struct_config__.tag)


# --- client to world -------------------------------------------------------------------------


class ClientMessage(Message, frozen=True):
    """What a client may say."""


class Join(ClientMessage, tag="join", frozen=True):
    """The first message on every connection.

    A browser with a session cookie needs no ticket; a guest gives the ticket that
    `POST /api/meetings/{meeting_id}/join` answered. `resume` is the newest token of a `welcome` or `resume`:
    it brings back place and mute state and takes the seat of the older connection.
    """

    ticket: Annotated[str, Meta(max_length=4096)] | None = None
    resume: Annotated[str, Meta(max_length=4096)] | None = None


class PlayerMove(ClientMessage, tag="player_move", frozen=True):
    """I am now at (x, y), looking in `direction`. `seq` counts up by one a message."""

    x: Coordinate
    y: Coordinate
    direction: Direction
    seq: Sequence


class ZoneEntered(ClientMessage, tag="zone_entered", frozen=True):
    """A hint only: the world answers with its own verdict (`zone_changed`, or `error` zone_mismatch)."""

    zone_id: Id


class ZoneExited(ClientMessage, tag="zone_exited", frozen=True):
    """A hint only, as `zone_entered`."""

    zone_id: Id


class MediaOffer(ClientMessage, tag="media_offer", frozen=True):
    """The SDP of the publish connection; starts media, or starts it anew.

    `sources` names what each m-line (by MID) carries. The world answers `media_answer` and then
    sends its own `media_offer` for the subscribe connection.
    """

    sdp: Sdp
    sources: Annotated[dict[Annotated[str, Meta(max_length=16)], Source], Meta(max_length=8)]


class MediaAnswer(ClientMessage, tag="media_answer", frozen=True):
    """The answer to the world's `media_offer` (the subscribe connection)."""

    sdp: Sdp


class MediaRestart(ClientMessage, tag="media_restart", frozen=True):
    """My network changed: give my connections other ICE credentials. Answered by `media_restarted`.

    Slots, keys and all that flows stay as they are."""


class MediaState(ClientMessage, tag="media_state", frozen=True):
    """What I send, and whether I want to receive video (`watch` false is the mic-only mode).

    `booth`: my microphone goes to nobody but back to myself, in a slot of my own (the echo booth).
    """

    mic: bool
    camera: bool
    screen: bool = False
    watch: bool = True
    booth: bool = False


class WhoHears(ClientMessage, tag="who_hears", frozen=True):
    """Who receives me now? Answered by `hearers`, out of the media workers' forwarding tables."""


class AskFigures(ClientMessage, tag="figures", frozen=True):
    """What is my path believed to carry, and which layers am I sent? Answered by `figures`."""


class Pin(ClientMessage, tag="pin", frozen=True):
    """Give this person's video the first rank of mine; null unpins.

    Answered with `error` out_of_hearing where the world's rules keep us apart.
    """

    user_id: Id | None = None


class Chat(ClientMessage, tag="chat", frozen=True):
    """`nearby` reaches exactly those who can hear me and is kept nowhere; the other scopes are kept.

    `to` names the zone of `zone` (null: where I am) and the person of `direct`. `file` is one that I
    uploaded for this very channel; with it the text may be empty.
    """

    text: Annotated[str, Meta(max_length=2000)]
    scope: ChatScope = "nearby"
    to: Id | None = None
    file: Id | None = None


class ChatReact(ClientMessage, tag="chat_react", frozen=True):
    """My reaction to a kept line: set, or taken back."""

    id: Id
    reaction: Emote
    on: bool = True


class ChatDelete(ClientMessage, tag="chat_delete", frozen=True):
    """Take back a line of mine; owner, admins and moderators may take back anybody's."""

    id: Id


class SendEmote(ClientMessage, tag="emote", frozen=True):
    """Shown above my avatar to those who see me."""

    emote: Emote


class Show(ClientMessage, tag="show", frozen=True):
    """How I show myself from now on. A step ends sitting; being away ends what I send."""

    status: Status
    seated: bool = False


class Knock(ClientMessage, tag="knock", frozen=True):
    """Ask those in a locked room to let me in."""

    zone_id: Id


class LetIn(ClientMessage, tag="let_in", frozen=True):
    """Open the door of my room to somebody who has knocked there: they may walk in for a minute."""

    user_id: Id


class Mute(ClientMessage, tag="mute", frozen=True):
    """Turn somebody's microphone off, as owner, admin or moderator, and of those below oneself.

    They may turn it on again: who does not stop is removed.
    """

    user_id: Id


class Ping(ClientMessage, tag="ping", frozen=True):
    """Answered by `pong` with the same `at`."""

    at: float


AnyClientMessage: TypeAlias = (
    Join
    | PlayerMove
    | ZoneEntered
    | ZoneExited
    | MediaOffer
    | MediaAnswer
    | MediaRestart
    | MediaState
    | WhoHears
    | AskFigures
    | Pin
    | Chat
    | ChatReact
    | ChatDelete
    | SendEmote
    | Show
    | Knock
    | LetIn
    | Mute
    | Ping
)

# Older spellings of the design that are accepted for the same message.
CLIENT_ALIASES = {"zone_entry": "zone_entered", "zone_exit": "zone_exited"}


# --- world to client -------------------------------------------------------------------------


class Bounds(Struct, frozen=True):
    """A rectangle in map px; a point is inside when x <= px < x + width (and so for y)."""

    x: float
    y: float
    width: float
    height: float


class ZoneInfo(Struct, frozen=True):
    """A zone as clients see it. `meeting_id` only for members; `capacity` in people, None: no bound."""

    id: str
    name: str
    type: ZoneType
    bounds: Bounds
    meeting_id: str | None = None
    locked: bool = False
    capacity: int | None = None


class MediaFlags(Struct, frozen=True):
    """What somebody says they send."""

    mic: bool = False
    camera: bool = False
    screen: bool = False


class Showing(Struct, frozen=True):
    """How somebody shows themselves."""

    status: Status = "available"
    seated: bool = False


class PlayerInfo(Struct, frozen=True):
    """Somebody in my view."""

    user_id: str
    name: str
    avatar: str
    presence: Presence
    x: float
    y: float
    direction: Direction
    zone_id: str | None
    media: MediaFlags = MediaFlags()
    showing: Showing = Showing()


class You(Struct, frozen=True):
    """My own seat, as the world has it."""

    user_id: str
    name: str
    avatar: str
    presence: Presence
    role: Role
    x: float
    y: float
    direction: Direction
    zone_id: str | None
    media: MediaFlags
    # What the world says of my session: media_state starts from here after a resume.
    session: str
    showing: Showing = Showing()


class ServerInfo(Struct, frozen=True):
    """The server that I am in."""

    id: str
    name: str


class MapInfo(Struct, frozen=True):
    """Where the normalised Tiled JSON is (`url`), and its size in px.

    A player's (x, y) is the centre of its feet; `foot_*` are the half sides (px) of the box that
    collides.
    """

    name: str
    url: str
    width: float
    height: float
    tile: int
    foot_half_width: float
    foot_half_height: float


class Hearing(Struct, frozen=True):
    """The distances (px) of public space, so that the client's fade is the world's."""

    full: float
    radius: float
    keep: float
    prewarm: float


class IceServer(Struct, frozen=True, omit_defaults=True):
    """As RTCIceServer of the browser."""

    urls: list[str]
    username: str | None = None
    credential: str | None = None


class ServerMessage(Message, frozen=True):
    """What the world may say."""


class Welcome(ServerMessage, tag="welcome", frozen=True):
    """The answer to `join`: everything that a client needs to draw its first picture."""

    you: You
    server: ServerInfo
    map: MapInfo
    zones: list[ZoneInfo]
    players: list[PlayerInfo]
    ice_servers: list[IceServer]
    resume: str
    hearing: Hearing
    # Walking speed bound (px/s) and length of a tick (ms).
    speed: float
    tick_ms: float


class Resume(ServerMessage, tag="resume", frozen=True):
    """The token that brings this seat back from now on, as it is now; that of the `welcome` is of before."""

    resume: str


class Moved(Struct, array_like=True, frozen=True):
    """`[user_id, x, y, direction]`: an array, because ticks are most of what we send."""

    user_id: str
    x: float
    y: float
    direction: Direction


class Players(ServerMessage, tag="players", omit_defaults=True, frozen=True):
    """One tick's changes in my view. `left` means: out of view or gone."""

    joined: list[PlayerInfo] = []
    moved: list[Moved] = []
    left: list[str] = []


class ZoneChanged(ServerMessage, tag="zone_changed", frozen=True):
    """Somebody (also I) is in this zone now; null is the space outside every zone."""

    user_id: str
    zone_id: str | None


class MediaChanged(ServerMessage, tag="media_changed", frozen=True):
    """Somebody's `media_state`."""

    user_id: str
    media: MediaFlags


class SubscribeOffer(ServerMessage, tag="media_offer", frozen=True):
    """The SDP of the subscribe connection: audio slot i has MID `a{i}`, video slot i `v{i}`."""

    sdp: str


class PublishAnswer(ServerMessage, tag="media_answer", frozen=True):
    """The answer to my `media_offer`."""

    sdp: str


class IceCredentials(Struct, frozen=True):
    """What a connection's checks are to be signed with from now on (RFC 8445 §5.3)."""

    ufrag: str
    password: str


class MediaRestarted(ServerMessage, tag="media_restarted", frozen=True):
    """The answer to `media_restart`: the server's other credentials, for each connection.

    They take the place of those in the descriptions that were exchanged. `subscribe` is null where there is
    no such connection.
    """

    publish: IceCredentials
    subscribe: IceCredentials | None


class SlotInfo(Struct, frozen=True):
    """Slot `slot` of its kind carries this `source` of this user. `gain` is the world's, now."""

    slot: int
    user_id: str
    source: Source
    gain: float


class Slots(ServerMessage, tag="slots", frozen=True):
    """Which slot carries whom: always the whole picture; a slot not named is silent."""

    epoch: int
    audio: list[SlotInfo]
    video: list[SlotInfo]


class MediaMoving(ServerMessage, tag="media_moving", frozen=True):
    """My media is to move to another worker: make new connections with a new `media_offer`, and keep the
    old ones until `media_moved`."""


class MediaMoved(ServerMessage, tag="media_moved", frozen=True):
    """From now on `slots` is about the new connections; the old ones can be closed."""


class Degraded(ServerMessage, tag="degraded", frozen=True):
    """How much my media worker can carry now. Each level takes away what the levels before it do, too."""

    level: Degradation


class PausedVideo(Struct, frozen=True):
    """Somebody's camera or screen."""

    user_id: str
    source: Source


class VideoPaused(ServerMessage, tag="video_paused", frozen=True):
    """Pictures that have a slot and do not come now: my path is too narrow for them, or they are too far.

    Always the whole picture. What stands in their place is the client's business.
    """

    paused: list[PausedVideo]


class LayersWanted(ServerMessage, tag="layers_wanted", frozen=True):
    """Which layers (RIDs) of my video somebody receives: the whole picture of one source, when it changes.

    None: nobody watches. The RID of a source that is sent as one stream is "". Until the first of these after
    a `media_answer` everything is wanted. `codec` (`VP8`, `H264`, …) is the one to send it in, which all who
    are to see it decode; "": go on with the one that you send.
    """

    source: Source
    rids: list[str]
    codec: str = ""


class Speaking(ServerMessage, tag="speaking", frozen=True):
    """Who is speaking among those I hear: always the whole picture."""

    user_ids: list[str]


class Hearers(ServerMessage, tag="hearers", frozen=True):
    """Who is sent each of my sources now, as the forwarding tables of the media plane have it.

    `complete` false: a worker did not answer, there may be more.
    """

    mic: list[str]
    camera: list[str]
    screen: list[str]
    screen_audio: list[str]
    complete: bool


class SentLayer(Struct, frozen=True):
    """Video slot `slot` carries this layer of its picture; `rid` is empty where it is sent as one stream."""

    slot: int
    rid: str


class Figures(ServerMessage, tag="figures", frozen=True):
    """How the media plane sees the way to me, in bit/s: what it is believed to carry (`estimate`, null: not
    known yet), what I am given of that, and what all whom I am to see and hear would take. `layers`: of the
    video slots that are fed. `redundant`: voices come with the sound of the packet before (RFC 2198)."""

    estimate: int | None
    given: int
    wanted: int
    layers: list[SentLayer]
    redundant: bool = False


class ChatFileInfo(Struct, frozen=True):
    """A file of the chat: `type` is a picture's, or `application/octet-stream`; `size` in bytes."""

    id: str
    name: str
    type: str
    size: int


class ChatMessage(ServerMessage, tag="chat", omit_defaults=True, frozen=True):
    """A line of chat. `at` is ms since 1970; ids of kept lines sort by time.

    `to` is the zone of a `zone` line, and of a `direct` one the other person (for the writer: the reader).
    """

    user_id: str
    name: str
    text: str
    scope: ChatScope
    at: int
    # Empty for a line that is not kept.
    id: str = ""
    to: str | None = None
    file: ChatFileInfo | None = None


class ChatReacted(ServerMessage, tag="chat_reacted", frozen=True):
    """Somebody reacted to a line that I may read, or took it back; `count` people show this one now."""

    id: str
    user_id: str
    reaction: Emote
    on: bool
    count: int


class ChatDeleted(ServerMessage, tag="chat_deleted", frozen=True):
    """This line was taken back."""

    id: str


class Emoted(ServerMessage, tag="emote", frozen=True):
    """Somebody's emote."""

    user_id: str
    emote: Emote


class Shown(ServerMessage, tag="shown", frozen=True):
    """How somebody (also I) shows themselves now."""

    user_id: str
    showing: Showing


class Knocked(ServerMessage, tag="knocked", frozen=True):
    """Somebody stands at the door of the room that I am in and asks to be let in."""

    user_id: str
    name: str


class DoorOpened(ServerMessage, tag="door_opened", frozen=True):
    """Somebody of this name has let me into the room: I may walk in for a minute."""

    zone_id: str
    name: str


class Muted(ServerMessage, tag="muted", frozen=True):
    """Somebody of this name, who looks after the place, turned my microphone off."""

    name: str


class LookChanged(ServerMessage, tag="look_changed", frozen=True):
    """Somebody (also I) has another name or avatar."""

    user_id: str
    name: str
    avatar: str


class MovedBack(ServerMessage, tag="moved_back", frozen=True):
    """The move `seq` was illegal; you stand at (x, y)."""

    x: float
    y: float
    seq: int


class ZonesChanged(ServerMessage, tag="zones_changed", frozen=True):
    """The server's zones were edited: the whole new list."""

    zones: list[ZoneInfo]


class Pong(ServerMessage, tag="pong", frozen=True):
    """The answer to `ping`."""

    at: float


class Error(ServerMessage, tag="error", omit_defaults=True, frozen=True):
    """What was wrong with a message of mine. `ref` is its `type`, or its `seq` where it has one."""

    code: str
    message: str
    ref: str | int | UnsetType = UNSET


class Closing(ServerMessage, tag="closing", frozen=True):
    """The last message before the world closes the socket.

    `replaced`: another tab took my seat (do not come back by yourself). `retry_ms` null means: do
    not come back by yourself; otherwise come back after about so long.
    """

    code: str
    message: str
    retry_ms: int | None


AnyServerMessage: TypeAlias = (
    Welcome
    | Resume
    | Players
    | ZoneChanged
    | MediaChanged
    | SubscribeOffer
    | PublishAnswer
    | MediaRestarted
    | Slots
    | MediaMoving
    | MediaMoved
    | Degraded
    | VideoPaused
    | LayersWanted
    | Speaking
    | Hearers
    | Figures
    | ChatMessage
    | ChatReacted
    | ChatDeleted
    | Emoted
    | Shown
    | LookChanged
    | Knocked
    | DoorOpened
    | Muted
    | MovedBack
    | ZonesChanged
    | Pong
    | Error
    | Closing
)
