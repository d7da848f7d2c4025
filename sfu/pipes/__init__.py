"""Pipes between workers: how one room spans several."""
