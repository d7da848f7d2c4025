"""One stream that a session receives, whoever feeds it. No packet passes here."""

from __future__ import annotations

from dataclasses import dataclass

from sfu.forward.contract import Codec, ExtensionIds, SlotParams
from sfu.routing.producer import CODECS
from signaling.messages import Kind
from signaling.negotiation import ReceivingSlot


@dataclass(slots=True)
class Slot:
    """`handle` is the forwarder's; `index` counts within the kind. `cname` is that of our SDP."""

    handle: int
    session: str
    kind: Kind
    index: int
    params: SlotParams
    cname: str

    @property
    def codecs(self) -> frozenset[Codec]:
        """What its client takes."""
        return frozenset(self.params.payload_types)


def slot_params(slot: ReceivingSlot) -> SlotParams:
    """What the forwarder needs to know of a negotiated slot."""
    rtx_ssrc = slot.rtx_ssrc
    return SlotParams(
        kind=slot.kind,
        ssrc=slot.ssrc,
        rtx_ssrc=rtx_ssrc,
        payload_types={
            CODECS[codec.name]: (codec.payload_type, codec.rtx_payload_type if rtx_ssrc else 0)
            for codec in slot.codecs
        },
        extensions=ExtensionIds(**slot.extensions),
        mid=slot.mid,
        red_payload_type=max((codec.red_payload_type for codec in slot.codecs), default=0),
    )
