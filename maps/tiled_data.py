"""Cells of a tile layer: out of an int array, or base64 with no, gzip, zlib or zstd compression.

Nothing is decompressed beyond what the layer's size allows, so that no small file becomes a large one.
"""

from __future__ import annotations

import binascii
import sys
import zlib
from array import array

import zstandard

from maps.model import MapError

# Larger windows than this are a zstd bomb's, not a map's.
ZSTD_WINDOW_BYTES = 8 * 1024 * 1024


def decode_cells(
    data: list[int] | str | None, encoding: str, compression: str, count: int, where: str
) -> array[int]:
    """The `count` gids (flags included) of a layer or chunk.

    Raises MapError when they cannot be decoded or are more or fewer than `count`.
    """
    if data is None:
        raise MapError("a tile layer without data", where)
    if isinstance(data, list):
        if len(data) != count:
            raise MapError(f"{len(data)} tiles where {count} belong", where)
        return array("I", data)
    if encoding != "base64":
        raise MapError(f"data is text but its encoding is {encoding!r}, not base64", where)
    size = 4 * count
    try:
        packed = binascii.a2b_base64(data.strip().encode("ascii"), strict_mode=True)
    except (ValueError, UnicodeEncodeError) as error:
        raise MapError(f"data is not base64: {error}", where) from None
    plain = _decompress(packed, compression, size, where)
    if len(plain) != size:
        what = "more than" if len(plain) > size else f"{len(plain)} bytes instead of"
        raise MapError(f"data holds {what} {size} bytes", where)
    cells = array("I")
    cells.frombytes(plain)
    if sys.byteorder == "big":
        cells.byteswap()
    return cells


def _decompress(packed: bytes, compression: str, size: int, where: str) -> bytes:
    """At most `size` + 1 bytes."""
    try:
        if compression == "":
            return packed
        if compression in ("gzip", "zlib"):
            unpacker = zlib.decompressobj(wbits=31 if compression == "gzip" else 15)
            plain = unpacker.decompress(packed, size + 1)
            if len(plain) <= size and not unpacker.eof:
                raise MapError(f"{compression} data ends too early", where)
            return plain
        if compression == "zstd":
            zstd = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_BYTES)
            with zstd.stream_reader(packed) as reader:
                return bytes(reader.read(size + 1))
    except (zlib.error, zstandard.ZstdError, MemoryError) as error:
        raise MapError(f"{compression} data is broken: {error}", where) from None
    raise MapError(f"compression {compression!r} is not known (gzip, zlib, zstd)", where)
