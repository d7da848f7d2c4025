"""`/api/maps`: what servers can be made from."""

from __future__ import annotations

from aiohttp import web

from world.api.body import answer
from world.api.route import Route
from world.api.services import services
from world.api.shapes import MapsView, MapView


async def list_maps(request: web.Request) -> web.Response:
    return answer(
        MapsView(
            [
                MapView(
                    *(choice.name, choice.title, choice.description, choice.width, choice.height),
                    choice.thumbnail,
                    [zone.name for zone in choice.zones],
                )
                for choice in services(request).maps.all()
            ]
        )
    )


ROUTES = (
    Route(
        "GET", "/api/maps", list_maps, "The maps that a server can be made from", "anybody", answer=MapsView
    ),
)
