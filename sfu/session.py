"""The two connections of one participant: what it sends and what it receives.

A connection is made whole from an SDP exchange and replaced whole by the next one; nothing of the old
one survives. It owns one peer of the forwarder, and either producers or slots.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from sfu.forward.contract import Forwarder
from sfu.routing.layers import Layers
from sfu.routing.producer import Producer, producer_params
from sfu.routing.slot import Slot, slot_params
from sfu.transport.transport import Endpoint, PeerTransport
from signaling import negotiation
from signaling.messages import Source
from signaling.negotiation import Publication, ReceivingSlot, SlotOffer, Subscription
from signaling.sdp import SdpError
from signaling.sdp_writer import cname


class ConnectionOwner(Protocol):
    """Who is told about connections (the worker)."""

    def connected(self, connection: Connection) -> None:
        """DTLS is done."""

    def ended(self, connection: Connection, state: str) -> None:
        """failed or closed; the connection is closed when this returns."""


class Connection:
    """What publish and subscribe connections have in common. `name` is publish or subscribe."""

    name = ""

    def __init__(self, session: str, peer: int, endpoint: Endpoint, owner: ConnectionOwner) -> None:
        self.session = session
        self.connected = False
        # Whether media has come or gone.
        self.flowed = False
        self._owner = owner
        self.transport: PeerTransport = endpoint.open(peer, self)

    def transport_connected(self) -> None:
        """From the transport."""
        self.connected = True
        self._owner.connected(self)

    def transport_ended(self, state: str) -> None:
        """From the transport."""
        self.connected = False
        self._owner.ended(self, state)

    def close(self) -> None:
        """Drop the peer with all that it has. The owner is not called."""
        self.connected = False
        self.transport.close()


class PublishConnection(Connection):
    """What a participant sends."""

    name = "publish"

    def __init__(self, session: str, peer: int, endpoint: Endpoint, owner: ConnectionOwner) -> None:
        super().__init__(session, peer, endpoint, owner)
        self.producers: dict[int, Producer] = {}  # by handle
        self.sources: list[Layers] = []

    def answer(
        self,
        offer: str,
        sources: Mapping[str, Source],
        forwarder: Forwarder,
        new_handle: Callable[[], int],
        video: Sequence[str],
        fixed: bool,
    ) -> str:
        """Answer the client's offer and add its producers; `video`, `fixed`: see `answer_publish`.

        Raises SdpError, TableFull.
        """
        local = self.transport.local()
        publication: Publication = negotiation.answer_publish(offer, sources, local, video, fixed)
        seen: set[int] = set()
        for track in publication.tracks:
            params = producer_params(track)
            _check_ssrcs(seen, params.ssrc, params.rtx_ssrc)
            handles = [new_handle() for _ in track.rids or ("",)]
            streams = []
            for handle, rid in zip(handles, track.rids or ("",), strict=True):
                forwarder.add_producer(handle, self.transport.peer, params)
                self.producers[handle] = Producer(
                    handle=handle,
                    session=self.session,
                    source=track.source,
                    mid=track.mid,
                    params=params,
                    feedback=track.feedback,
                    ssrc=params.ssrc,
                    rtx_ssrc=params.rtx_ssrc,
                    rid=rid,
                    group=handles[0],
                )
                streams.append(self.producers[handle])
            self.sources.append(Layers(streams))
        self.transport.set_remote(publication.remote)
        return publication.sdp


def _check_ssrcs(seen: set[int], *ssrcs: int) -> None:
    """One SSRC is one stream of a peer (RFC 3550 §8): two m-lines cannot name the same."""
    for ssrc in ssrcs:
        if ssrc in seen:
            raise SdpError(f"SSRC {ssrc} stands for two streams")
        if ssrc:
            seen.add(ssrc)


class SubscribeConnection(Connection):
    """What a participant receives. `slots` are there once both sides have agreed."""

    name = "subscribe"

    def __init__(self, session: str, peer: int, endpoint: Endpoint, owner: ConnectionOwner) -> None:
        super().__init__(session, peer, endpoint, owner)
        self.slots: list[Slot] = []
        self._offer: SlotOffer | None = None
        self._used: set[int] = set()

    def offer(self, audio: int, video: int, codecs: Sequence[str]) -> str:
        """Our offer of a pool with these video codecs. Raises ValueError for a pool that cannot be."""
        self._offer = negotiation.offer_slots(audio, video, self._new_ssrc, self.transport.local(), codecs)
        return self._offer.sdp

    def accept(self, answer: str, forwarder: Forwarder, new_handle: Callable[[], int]) -> None:
        """The client's answer to `offer`. Raises SdpError (also for a second answer), TableFull."""
        if self._offer is None:
            raise SdpError("there is no offer that waits for an answer")
        subscription = negotiation.accept_slots(self._offer, answer)
        self._offer = None
        self._take(subscription, forwarder, new_handle)

    def play(
        self, offer: str, forwarder: Forwarder, new_handle: Callable[[], int], codecs: Sequence[str]
    ) -> str:
        """Answer a player's own offer (WHEP), with these video codecs. Raises SdpError, TableFull."""
        subscription = negotiation.answer_play(offer, self._new_ssrc, self.transport.local(), codecs)
        self._take(subscription, forwarder, new_handle)
        return subscription.sdp

    def _take(self, subscription: Subscription, forwarder: Forwarder, new_handle: Callable[[], int]) -> None:
        for slot in subscription.slots:
            self.slots.append(self._slot(slot, forwarder, new_handle()))
        self.transport.set_remote(subscription.remote)

    def _slot(self, slot: ReceivingSlot, forwarder: Forwarder, handle: int) -> Slot:
        params = slot_params(slot)
        forwarder.add_slot(handle, self.transport.peer, params)
        return Slot(handle, self.session, slot.kind, slot.index, params, cname(slot.index))

    def _new_ssrc(self) -> int:
        while True:
            ssrc = secrets.randbits(32)
            if ssrc and ssrc not in self._used:
                self._used.add(ssrc)
                return ssrc


class Session:
    """One participant. `events` is the topic that its events go to."""

    def __init__(self, name: str, events: str, now: float) -> None:
        self.name = name
        self.events = events
        self.opened_at = now
        self.publish: PublishConnection | None = None
        self.subscribe: SubscribeConnection | None = None

    @property
    def connections(self) -> list[Connection]:
        """Those that are open."""
        return [connection for connection in (self.publish, self.subscribe) if connection is not None]
