"""Every command from the world to a media worker, and every event back.

Commands go to the worker's topic (`worker_topic`); those that have a reply are sent with
`Bus.request`, the others with `Bus.publish`. Events go to the topic that the command which opened the
session named in `events`. A worker never decides who hears whom: it applies the newest `SetRoutes`.

`session` is one participant's media (an unguessable id that the world makes), `router` one isolation
domain: a producer can only feed slots of sessions in its own router, whatever a command asks for.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from signaling.messages import IceCredentials, Kind, Source


def worker_topic(worker: str) -> str:
    """Where worker `worker` listens for commands."""
    return f"worker.{worker}"


# Workers announce themselves here (`Heartbeat`), and in the registry (`signaling.registry`). One that is
# unheard for the suspect time is asked whether it lives: a killed process has lost its subscription at
# once, so nobody answers. One that is only slow has the stale time to be heard again.
HEARTBEAT_TOPIC = "workers"
HEARTBEAT_SECONDS = 0.5
WORKER_SUSPECT_SECONDS = 1.0
WORKER_STALE_SECONDS = 5.0


# A drained worker's sessions have so long to move (seconds).
DRAIN_SECONDS = 300.0


class Control(Struct, tag_field="type", frozen=True):
    """The root of every command, reply and event."""


# --- commands with a reply ---------------------------------------------------------------------


class AcceptPublish(Control, tag="accept_publish", frozen=True):
    """Open (or open anew) the publish connection of `session` in `router` with the client's offer.

    `sources` names what each m-line (MID) carries; an m-line that is not named is told apart by kind
    and order (first audio: mic, first video: camera, second video: screen, second audio:
    screen_audio). `fixed`: the client cannot be told to change its codec (WHIP), so the answer names one of
    each. Reply: `Answer` or `Failed`.
    """

    session: str
    router: str
    events: str
    sdp: str
    sources: dict[str, Source]
    fixed: bool = False


class OfferSlots(Control, tag="offer_slots", frozen=True):
    """Open (or open anew) the subscribe connection of `session` with so many slots.

    Reply: `Offer` or `Failed`.
    """

    session: str
    router: str
    events: str
    audio: int
    video: int


class AcceptSlots(Control, tag="accept_slots", frozen=True):
    """The client's answer to `Offer`. Reply: `Done` or `Failed`."""

    session: str
    sdp: str


class AcceptPlay(Control, tag="accept_play", frozen=True):
    """Open the subscribe connection of `session` with the client's own offer (WHEP).

    Each recvonly m-line is a slot, in the order of the offer. Reply: `Answer` or `Failed`.
    """

    session: str
    router: str
    events: str
    sdp: str


class RestartIce(Control, tag="restart_ice", frozen=True):
    """Give both connections of `session` other ICE credentials; all else of them stays.

    Reply: `Restarted`, or `Failed` where it has no publish connection.
    """

    session: str


class GetStats(Control, tag="get_stats", frozen=True):
    """Reply: `Stats`."""

    session: str | None = None


class GetQuality(Control, tag="get_quality", frozen=True):
    """How well everybody's media goes. Reply: `Quality`, at most a second old."""


class GetListeners(Control, tag="get_listeners", frozen=True):
    """Whom does this worker send what `session` publishes? Reply: `Listeners`.

    Also asked of workers that do not carry the session itself: what they get of it through a pipe they
    forward too.
    """

    session: str


# --- commands without a reply ------------------------------------------------------------------


class Route(Struct, frozen=True):
    """Slot `slot` of `kind` is fed by `source` of `session`.

    `active` false is the pre-warm: the slot is reserved and nothing is forwarded. `rank` says who comes
    first where the listener's path is narrow (0 before all others), `cap` how many layers of a video its
    distance is worth (0 none, 1 the lowest, 2 the two lowest, 3 all). Both are for video.
    """

    kind: Kind
    slot: int
    session: str
    source: Source
    active: bool = True
    rank: int = 1
    cap: int = 3


class SetRoutes(Struct, frozen=True):
    """Where `session` is, and what feeds its slots: the whole picture, every time.

    A slot that is not named is fed by nothing. `epoch` grows with each change of this session; an
    older or equal one is ignored. `home` names another worker: that one carries the session, and what
    routes name of it is fetched from there (`PipeWants`); empty: this worker carries it.
    """

    session: str
    epoch: int
    router: str
    routes: tuple[Route, ...]
    home: str = ""


class ApplyRoutes(Control, tag="apply_routes", frozen=True):
    """One tick's changes for one worker.

    All moves between routers and all revocations of the batch are applied before any grant.
    """

    changes: tuple[SetRoutes, ...]


class CloseSession(Control, tag="close_session", frozen=True):
    """End both connections of `session` and forget it.

    No effect when it is unknown, or when it was given routes with a higher `epoch` (0: in any case):
    then the one who wants it closed does not own its space any more. `home` names the worker to which
    the session has moved: only what it has here is ended, it may still be fetched from there.
    """

    session: str
    epoch: int = 0
    home: str = ""


class Drain(Control, tag="drain", frozen=True):
    """Take no new servers and let the world move the sessions away; `cancel` takes it back.

    After `deadline` seconds the sessions that are still here are given up: their clients offer anew
    elsewhere. Reply: `Done`.
    """

    deadline: float = DRAIN_SECONDS
    cancel: bool = False


# --- between workers -----------------------------------------------------------------------------


class OpenPipe(Control, tag="open_pipe", frozen=True):
    """`worker` wants to exchange media with this one. Reply: `PipeOpened` or `Failed`.

    It sends from `address` (IP, port) and receives there, with `key` and `rtcp_key`: SRTP master key and
    salt (AES-128-GCM, RFC 7714) of its own direction. `incarnation` is new with every pair of keys.
    """

    worker: str
    incarnation: str
    address: tuple[str, int]
    key: bytes
    rtcp_key: bytes


class PipeStream(Struct, frozen=True):
    """One source of a session that is a member of `router`."""

    router: str
    session: str
    source: Source


class PipeAudience(Struct, frozen=True):
    """How many on the receiving worker are to see a stream, and how many of them decode each codec."""

    listeners: Annotated[int, Meta(ge=0, le=1 << 20)]
    decoding: dict[str, Annotated[int, Meta(ge=0, le=1 << 20)]]


class PipeWants(Control, tag="pipe_wants", frozen=True):
    """What `worker` wants to receive over its pipe with this one: the whole picture, every time.

    `incarnation` is the receiver's own one of this pipe, `number` grows; an older one is ignored. `tops`
    says of each stream which is the best of its layers that somebody there receives (0 lowest, -1 none);
    without it all of them are. `audiences` says of each who is to see it. Reply: `PipeOffers`, or `Failed`
    unknown_pipe.
    """

    worker: str
    incarnation: str
    number: int
    streams: tuple[PipeStream, ...]
    tops: tuple[int, ...] = ()
    audiences: tuple[PipeAudience, ...] = ()


Ssrc = Annotated[int, Meta(ge=0, lt=1 << 32)]
PayloadType = Annotated[int, Meta(ge=0, lt=128)]


class PipeFormat(Struct, frozen=True):
    """A codec that a stream may change to, with its payload type and that of its RTX (0: none)."""

    codec: str
    payload_type: PayloadType
    rtx_payload_type: PayloadType


class PipeSource(Struct, frozen=True):
    """One layer of a wanted stream as it is sent: RTP with these SSRCs and payload types. `layer` 0 is the
    lowest, and the only one of a source without simulcast; `others` may be sent instead of `codec`."""

    stream: PipeStream
    codec: str
    ssrc: Ssrc
    rtx_ssrc: Ssrc
    payload_type: PayloadType
    rtx_payload_type: PayloadType
    clock_rate: Annotated[int, Meta(gt=0, lt=1 << 32)]
    layer: Annotated[int, Meta(ge=0)] = 0
    others: tuple[PipeFormat, ...] = ()


class PipeOffers(Control, tag="pipe_offers", frozen=True):
    """What `worker` sends over the pipe now, of what is wanted: the whole picture, every time.

    A stream is missing while its session is in another router or does not send it. Comes as a reply and
    as a command without one; `incarnation` is the receiver's own one, `number` grows.
    """

    worker: str
    incarnation: str
    number: int
    sources: tuple[PipeSource, ...]


Command: TypeAlias = (
    AcceptPublish
    | OfferSlots
    | AcceptSlots
    | AcceptPlay
    | RestartIce
    | GetStats
    | GetQuality
    | GetListeners
    | ApplyRoutes
    | CloseSession
    | Drain
    | OpenPipe
    | PipeWants
    | PipeOffers
)


# --- replies -----------------------------------------------------------------------------------


class PipeOpened(Control, tag="pipe_opened", frozen=True):
    """The other end of the pipe; fields as in `OpenPipe`."""

    worker: str
    incarnation: str
    address: tuple[str, int]
    key: bytes
    rtcp_key: bytes


class Answer(Control, tag="answer", frozen=True):
    """An SDP answer; `audio` and `video` count the slots (AcceptPlay only)."""

    sdp: str
    audio: int = 0
    video: int = 0


class Offer(Control, tag="offer", frozen=True):
    """The SDP offer of the subscribe connection: audio slot i has MID `a{i}`, video slot i `v{i}`."""

    sdp: str


class Restarted(Control, tag="restarted", frozen=True):
    """The worker's credentials for each connection, beside which the old ones hold until they nominate.
    `subscribe` is null where there is no such connection."""

    publish: IceCredentials
    subscribe: IceCredentials | None


class Done(Control, tag="done", frozen=True):
    """It was done."""


class Failed(Control, tag="failed", frozen=True):
    """It was not done. `code`: bad_sdp, unknown_session, worker_full, unknown_pipe, internal."""

    code: str
    message: str


class SlotStats(Struct, frozen=True):
    """What one slot has been sent (RTP packets and payload bytes, all sources)."""

    kind: Kind
    slot: int
    source_session: str | None
    source: Source | None
    active: bool
    packets: int
    bytes: int
    rid: str = ""  # the layer that it is to carry
    layer: int = -1  # the same as a number, 0 the lowest; -1: it carries none now


class LayerStats(Struct, frozen=True):
    """What one layer of a source has sent in; `bitrate` in bit/s of payload, lately."""

    rid: str
    packets: int
    bytes: int
    flows: bool
    bitrate: int


class ProducerStats(Struct, frozen=True):
    """What one source has sent in: all its layers, and each, lowest first."""

    source: Source
    packets: int
    bytes: int
    layers: tuple[LayerStats, ...] = ()
    codec: str = ""  # what it sends now


class DownlinkStats(Struct, frozen=True):
    """What a listener's path is believed to carry (`estimate`; -1: not known yet), what it is given of that
    and what all that it is to see and hear would take: bit/s. `paused`: videos that get nothing for that;
    `redundant`: its voices go out redundantly."""

    estimate: int
    given: int
    wanted: int
    paused: int
    redundant: bool = False


class SessionStats(Struct, frozen=True):
    """One session, as the forwarding table has it now. `downlink`: None where it receives nothing."""

    session: str
    router: str
    epoch: int
    producers: tuple[ProducerStats, ...]
    slots: tuple[SlotStats, ...]
    downlink: DownlinkStats | None = None


class Stats(Control, tag="stats", frozen=True):
    """The worker's forwarding table."""

    worker: str
    plane: str
    sessions: tuple[SessionStats, ...]


class Listener(Struct, frozen=True):
    """A slot of `session` is fed by this source now."""

    session: str
    source: Source


class Listeners(Control, tag="listeners", frozen=True):
    """Everybody whom the worker sends something of the session that was asked for."""

    listeners: tuple[Listener, ...]


class SessionQuality(Struct, frozen=True):
    """How one session's media goes, both ways; counters since it was opened.

    `connected` are the connections that stand now (publish, subscribe). `up_*` is what it sends us,
    `down_*` what we send it, bytes without headers. `up_lost` counts packets that never came; `loss` (0..1)
    and `round_trip` (s) are what the session reports of what we send, -1 where it has not yet.
    """

    session: str
    connected: tuple[str, ...]
    up_packets: int = 0
    up_bytes: int = 0
    up_lost: int = 0
    down_packets: int = 0
    down_bytes: int = 0
    retransmitted: int = 0
    loss: float = -1.0
    round_trip: float = -1.0


class Quality(Control, tag="quality", frozen=True):
    """A worker and everybody on it. `cpu` are cores that its process used lately, `lag` seconds by which its
    last timer was late, `received` datagrams, `sent` packets and `sent_bytes` since it was started."""

    worker: str
    plane: str
    cpu: float
    lag: float
    received: int
    sent: int
    sent_bytes: int
    sessions: tuple[SessionQuality, ...]


Reply: TypeAlias = (
    Answer | Offer | Restarted | Done | Failed | Stats | Quality | PipeOpened | PipeOffers | Listeners
)


# --- events ------------------------------------------------------------------------------------


class ProducerOpened(Control, tag="producer_opened", frozen=True):
    """First RTP packet of this source was accepted."""

    session: str
    source: Source
    worker: str = ""


class ProducerClosed(Control, tag="producer_closed", frozen=True):
    """This source will send no more (its m-line ended, or its connection did)."""

    session: str
    source: Source
    worker: str = ""


class LayersWanted(Control, tag="layers_wanted", frozen=True):
    """The layers of this video that somebody receives: the publisher may stop sending the others. `codec` is
    the one to send it in ("": the one that it sends; so does one that cannot change).

    `rids` are the whole picture, lowest first; none: nobody watches. The RID of a source that is sent as
    one stream is "". Told when it changes; until then everything is wanted.
    """

    session: str
    source: Source
    rids: tuple[str, ...]
    worker: str = ""
    codec: str = ""


class ConnectionChanged(Control, tag="connection_changed", frozen=True):
    """`connection` is publish or subscribe; `state` is connected, failed or closed.

    failed: consent expired or DTLS failed; the client should send a new `media_offer`.
    """

    session: str
    connection: str
    state: str
    worker: str = ""


class Picture(Struct, frozen=True):
    """The video `source` of `session`."""

    session: str
    source: Source


class VideoPaused(Control, tag="video_paused", frozen=True):
    """Which pictures `session` does not get now though it has slots for them: the whole picture.

    Its path is too narrow for them, or they are too far away.
    """

    session: str
    paused: tuple[Picture, ...]
    worker: str = ""


class AudioLevels(Control, tag="audio_levels", frozen=True):
    """Who speaks in `router` now, and how loud: the whole picture, sent when it changes.

    `speaking` are sessions whose mic is loud enough for long enough (sfu.speakers), of those that
    `worker` carries itself: in a router that several workers share, their answers add up. `levels` has one
    for each: -dBov in steps of 6, smoothed. When only levels change, it is sent once a second at most.
    """

    router: str
    speaking: tuple[str, ...]
    worker: str = ""
    levels: tuple[int, ...] = ()


class Heartbeat(Control, tag="heartbeat", frozen=True):
    """A worker is alive. `load` is 0..1 of what it can carry, `started` ms since 1970.

    `capacity` is how many RTP packets a second it can send, as it has measured so far (0: not known),
    `rate` how many it sends now; `address` is where other workers' pipes reach it (port 0: it has none).
    """

    worker: str
    started: int
    load: float
    sessions: int
    plane: str
    draining: bool = False
    region: str = ""
    version: str = ""
    address: tuple[str, int] = ("", 0)
    capacity: int = 0
    rate: int = 0
    max_sessions: int = 0


Event: TypeAlias = (
    ProducerOpened | ProducerClosed | LayersWanted | VideoPaused | ConnectionChanged | AudioLevels | Heartbeat
)
