"""Alembic migrations of `world.models`; run by `world.migrate`."""
