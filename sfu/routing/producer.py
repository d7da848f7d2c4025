"""One stream of a source that a session sends, as the control plane knows it. No packet passes here.

A source with simulcast is sent as several, its layers (`sfu.routing.layers`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sfu.forward.contract import Codec, ExtensionIds, Format, ProducerParams
from signaling.codecs import Chosen
from signaling.messages import Kind, Source
from signaling.negotiation import PublishedTrack

CODECS = {
    "opus": Codec.OPUS,
    "VP8": Codec.VP8,
    "VP9": Codec.VP9,
    "H264": Codec.H264,
    "AV1": Codec.AV1,
}
NAMES = {codec: name for name, codec in CODECS.items()}


@dataclass(slots=True)
class Producer:
    """`handle` is the forwarder's; `ssrc` and `rtx_ssrc` are 0 until they are known; `codec` is sent now.

    `feedback` is what was negotiated (`nack`, `nack pli`, `ccm fir`, `goog-remb`). `rid` names the simulcast
    layer, "" where there is one stream; `group` is the source's handle, equal for all its layers.
    """

    handle: int
    session: str
    source: Source
    mid: str
    params: ProducerParams
    feedback: tuple[str, ...] = ()
    ssrc: int = 0
    rtx_ssrc: int = 0
    started: bool = False
    rid: str = ""
    group: int = 0
    codec: Codec = field(init=False)

    def __post_init__(self) -> None:
        self.group = self.group or self.handle
        self.codec = self.params.codec

    @property
    def kind(self) -> Kind:
        """Audio or video."""
        return self.params.kind

    def sends(self, payload_type: int) -> bool:
        """Whether packets with this payload type can be this source."""
        return payload_type in self.params.payload_types

    def repairs(self, payload_type: int) -> bool:
        """Whether packets with this payload type can be its RTX."""
        return any(form.rtx_payload_type == payload_type for form in self.params.formats)


def format_of(codec: Chosen) -> Format:
    """A negotiated codec as the forwarder knows it."""
    return Format(CODECS[codec.name], codec.payload_type, codec.rtx_payload_type)


def producer_params(track: PublishedTrack) -> ProducerParams:
    """What the forwarder needs to know of a negotiated track."""
    first, *others = map(format_of, track.codecs)
    return ProducerParams(
        kind=track.kind,
        codec=first.codec,
        payload_type=first.payload_type,
        clock_rate=track.codec.clock_rate,
        ssrc=track.ssrc,
        rtx_payload_type=first.rtx_payload_type,
        rtx_ssrc=track.rtx_ssrc,
        extensions=ExtensionIds(**track.extensions),
        red_payload_type=track.codec.red_payload_type,
        others=tuple(others),
    )


def find_producer(producers: list[Producer], payload_type: int, mid: str, rid: str = "") -> Producer | None:
    """Whose an unknown SSRC is: by MID (RFC 8843 §9.2), without one by payload type if that is clear.

    A layer is found by its RID (RFC 8852 §4), which RTX carries as repaired RID.

    A source that has its SSRC already (or its RTX SSRC) takes no second one, so that nobody's
    packets can pose as another source of the same peer.
    """

    def free(producer: Producer) -> bool:
        return producer.ssrc == 0 if producer.sends(payload_type) else producer.rtx_ssrc == 0

    fitting = [
        producer for producer in producers if producer.sends(payload_type) or producer.repairs(payload_type)
    ]
    if mid:
        fitting = [producer for producer in fitting if producer.mid == mid]
    if any(producer.rid for producer in fitting):
        fitting = [producer for producer in fitting if producer.rid == rid]
    if len(fitting) != 1 or not free(fitting[0]):
        return None
    return fitting[0]
