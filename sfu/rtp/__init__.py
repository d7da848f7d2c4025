"""Pure packet code: RTP, RTCP, header extensions, codec descriptors. Bytes in, bytes out; no sockets, no clocks."""
