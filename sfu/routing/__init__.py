"""What feeds which slot: routers, sources and their layers, wishes."""
