"""Forwarding planes behind one contract (`contract.py`): `python.py`, and `native.py` where it was built."""
