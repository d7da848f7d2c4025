"""Alembic migrations of `world.storage.models`; run by `world.storage.migrate`."""
