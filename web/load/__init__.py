"""`atrium load`: people who walk and talk, against a running installation, over its own protocols.

`reach.py` says which addresses may be loaded, `accounts.py` gets people in, `person.py` is one of them on a
WebSocket, `voice.py` their media (`link.py`, `dtls_client.py`, `sdp.py`, `streams.py` below it), `tally.py`
what is counted, `drive.py` runs it all.
"""
