"""The way to a peer: ICE, DTLS, and the socket's addresses."""
