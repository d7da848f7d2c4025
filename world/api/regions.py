"""`/api/regions`: where media workers stand, for servers that are to be near their people."""

from __future__ import annotations

from aiohttp import web

from world.api.body import answer
from world.api.errors import ApiError
from world.api.identity import require_login
from world.api.route import Route
from world.api.services import Services, services
from world.api.shapes import RegionsView


async def list_regions(request: web.Request) -> web.Response:
    await require_login(request)
    return answer(RegionsView(services(request).world.regions()))


def known_region(known: Services, region: str) -> str:
    """A region that a server may be given: one in which a worker is alive, or "". Raises ApiError 422."""
    regions = known.world.regions()
    if region and region not in regions:
        there = f"There are: {', '.join(regions)}." if regions else "There are none here."
        raise ApiError(422, "region_unknown", f"There is no such region. {there}", "region")
    return region


ROUTES = (
    Route(
        *("GET", "/api/regions", list_regions, "The regions that a server's media can be kept in"),
        answer=RegionsView,
    ),
)
