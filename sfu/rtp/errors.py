"""The one error of this package."""


class PacketError(ValueError):
    """Bytes that are not what their header claims; the message names the field and its limit."""
