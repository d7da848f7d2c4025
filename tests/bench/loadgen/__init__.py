"""A load generator for SFUs: publishers and listeners that speak ICE, DTLS and SRTP, with made-up media.

One process drives them all over one UDP socket each. What arrives is read and counted by C (`receive.c`),
so that the generator is not what is measured; every n-th packet is decrypted and tells when it was sent.
Connections, SDP and made-up media are those of `atrium load` (`web/load`).

`whip.py` talks to a WHIP/WHEP server, `janus.py` to Janus' VideoRoom. `python -m tests.bench.loadgen --help`
says how to use it.
"""
