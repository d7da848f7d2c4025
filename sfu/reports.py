"""What a forwarder says of itself, and what that means for the media server. On the event loop's thread."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sfu.forward.contract import Address, Codec
from sfu.routing.producer import NAMES, find_producer
from sfu.routing.router import ProducerRef
from sfu.rtp.rtcp import only_reports
from sfu.rtp.sr import ntp_time
from sfu.rtp.twcc import TransportFeedback
from sfu.session import PublishConnection, SubscribeConnection
from signaling.control import ProducerOpened

if TYPE_CHECKING:  # it has one of these
    from sfu.media import Media


class Reports:
    """The `ForwarderEvents` of a media server's forwarder."""

    def __init__(self, media: Media) -> None:
        self._media = media

    def datagram(self, data: bytes, address: Address) -> None:
        """STUN, DTLS or garbage."""
        media = self._media
        media.endpoint.datagram(data, address)

    def rtcp(self, peer: int, data: bytes) -> None:
        """SRTCP from a peer: authenticate it, then act on what is in it."""
        media = self._media
        connection = media.connections.get(peer)
        if connection is None:
            if media.pipes.rtcp(peer, data):
                media.stir()
            return
        now = media.clock()
        if not connection.transport.may_report(len(data), now):
            media.endpoint.dropped["too_much_rtcp"] += 1
            return
        plain = connection.transport.unprotect_rtcp(data)
        if plain is None:
            media.endpoint.dropped["srtcp"] += 1
            return
        if isinstance(connection, PublishConnection):
            media.desk.from_publisher(peer, plain, now)
        elif isinstance(connection, SubscribeConnection):
            if media.heard.due(connection.session, plain, now):
                ssrcs = {slot.params.ssrc for slot in connection.slots}
                media.heard.take(connection.session, ssrcs, plain, now, ntp_time(time.time()))
            if only_reports(plain):  # most are, once a second from everybody
                return
            for item in media.desk.from_listener(connection.slots, plain, now):
                if isinstance(item, TransportFeedback):
                    media.bandwidth.feedback(peer, item, now)
                else:
                    media.bandwidth.remb(peer, item.bitrate, now)
            media.stir()

    def unknown_ssrc(self, peer: int, ssrc: int, payload_type: int, mid: str, rid: str) -> None:
        """Bind the SSRC to the source that it belongs to, if there is exactly one."""
        media = self._media
        connection = media.connections.get(peer)
        if not isinstance(connection, PublishConnection):
            return
        producer = find_producer(list(connection.producers.values()), payload_type, mid, rid)
        if producer is None:
            return
        rtx = not producer.sends(payload_type)
        if rtx:
            producer.rtx_ssrc = ssrc
        else:
            producer.ssrc = ssrc
        media.forwarder.bind_ssrc(producer.handle, ssrc, rtx)

    def producer_started(self, producer: int) -> None:
        """Its first packet is here."""
        media = self._media
        found = media.producers.get(producer)
        if found is None or found.started:
            return
        layers = media.source_of(found.group)
        opened = not layers.started
        found.started = True
        self._first_packet(found.session)
        media.feeds.changed.add(layers.group)
        if opened and not media.pipes.imported(producer):
            media.tell(found.session, ProducerOpened(found.session, found.source, media.name))
        media.measure(layers, media.clock())

    def _first_packet(self, name: str) -> None:
        """A camera that is switched on later says nothing of how long media takes."""
        media = self._media
        session = media.sessions.get(name)
        publish = session.publish if session is not None else None
        if publish is not None and not publish.flowed:
            publish.flowed = True
            media.metrics.first_packet_seconds.observe(media.clock() - publish.transport.opened_at)

    def keyframe_needed(self, producer: int) -> None:
        """A slot waits for a picture to begin with."""
        media = self._media
        media.desk.keyframe_needed(producer, media.clock())
        media.stir()

    def codec_changed(self, producer: int, codec: Codec) -> None:
        """It sends another codec: who takes that goes on, or is fed now; the others are fed no more."""
        media = self._media
        found = media.producers.get(producer)
        if found is None:
            return
        found.codec = codec
        layers = media.source_of(found.group)
        layers.codec = codec
        media.metrics.codec_changes.labels(NAMES[codec]).inc()
        media.desk.codec_changed(producer)
        media.feeds.changed.add(layers.group)
        reference = ProducerRef(layers.group, codec)
        media.apply(media.routing.set_codec(found.session, found.source, reference))

    def packets_lost(self, producer: int, sequences: list[int]) -> None:
        """Ask the publisher for what is missing."""
        media = self._media
        media.desk.packets_lost(producer, sequences, media.clock())
        media.stir()
