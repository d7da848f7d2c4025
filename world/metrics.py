"""The world's figures, on a registry that the caller passes in."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class WorldMetrics:
    """Counters and gauges of one world process."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        registry = registry if registry is not None else CollectorRegistry()
        self.people = Gauge("atrium_world_people", "People and devices present", registry=registry)
        self.clients = Gauge("atrium_world_clients", "Connected clients", registry=registry)
        self.spaces = Gauge("atrium_world_spaces", "Loaded spaces", registry=registry)
        self.tick_seconds = Histogram(
            "atrium_world_tick_seconds",
            "Time that one tick of one space took",
            buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25),
            registry=registry,
        )
        self.moves = Counter("atrium_world_moves", "Moves that were accepted", registry=registry)
        self.moved_back = Counter(
            "atrium_world_moved_back", "Moves that were refused, by reason", ["reason"], registry=registry
        )
        self.errors = Counter(
            "atrium_world_client_errors", "Errors told to clients, by code", ["code"], registry=registry
        )
        self.refused = Counter(
            "atrium_world_refused", "People who were not let in, by code", ["code"], registry=registry
        )
        self.dropped = Counter(
            "atrium_world_dropped_clients",
            "Clients closed by the world, by code",
            ["code"],
            registry=registry,
        )
        self.routes = Counter("atrium_world_routes", "SetRoutes sent to workers", registry=registry)
        self.positions_late = Counter(
            "atrium_world_position_writes_failed",
            "Position batches that the store did not take at once",
            registry=registry,
        )
        self.chat_lost = Counter(
            "atrium_world_chat_lines_lost",
            "Lines of chat that were told and could not be kept",
            registry=registry,
        )
        self.media_moves = Counter(
            "atrium_world_media_moves",
            "Sessions that were asked to move to another media worker",
            ["outcome"],
            registry=registry,
        )
        self.workers_lost = Counter(
            "atrium_world_workers_lost", "Media workers that died or fell silent", registry=registry
        )
        self.takeovers = Counter(
            "atrium_world_takeovers", "Spaces taken over from another node", registry=registry
        )
        self.lost_spaces = Counter(
            "atrium_world_lost_spaces", "Spaces that another node took from this one", registry=registry
        )
