"""Pure packet code: RTP, RTCP, header extensions, codec descriptors. No sockets, no clocks."""
