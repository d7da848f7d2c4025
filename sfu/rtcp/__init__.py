"""RTCP of one forwarder: what peers report, what they are told, and when."""
