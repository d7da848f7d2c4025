"""The media plane: sessions, routers and forwarders. Never imports `world` or `web`."""
