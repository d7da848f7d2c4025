"""Accounts, servers, zones, positions, and who hears whom. Never imports `sfu`."""
