"""A browser changes its network: its connections go on over another way, and nobody is a newcomer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.e2e.people import BREATH_MS, Person, longest_gap, watch_gaps
from tests.support.atrium_server import AtriumServer
from tests.support.shaped_path import ShapedPath

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
LANE = 560.0
# What the page was told of its world, and the connections that it has made and not closed.
BOOKS = """
window.__welcomes = 0;
window.WebSocket = class extends WebSocket {
  constructor(...args) {
    super(...args);
    window.__socket = this;
    this.addEventListener("message", ({data}) => { if (data.includes('"welcome"')) window.__welcomes += 1; });
  }
};
"""
UFRAGS = r"""
window.__pcs.filter((pc) => pc.connectionState === "connected")
  .map((pc) => /a=ice-ufrag:(\S+)/.exec(pc.remoteDescription.sdp)[1])
"""
ONLINE = "dispatchEvent(new Event('online'))"


class Pair:
    """Ada and Bob talk, in a place whose media is reached over a path."""

    def __init__(self, ada: Person, bob: Person, path: ShapedPath) -> None:
        self.ada, self.bob, self.path = ada, bob, path

    async def ufrags(self) -> list[str]:
        """The server's ufrags of Ada's connections."""
        found: list[str] = await self.ada.page.evaluate(UFRAGS)
        return found

    async def same_as_before(self, welcomes: int = 1) -> None:
        """Ada has the connections and the session that she had, and all that she had in them."""
        assert await self.ada.page.evaluate("window.__pcs.length") == 2
        assert await self.ada.page.evaluate("window.__welcomes") == welcomes
        await asyncio.gather(*(person.until_receiving(seconds=20) for person in (self.ada, self.bob)))
        await asyncio.gather(self.bob.until_hears(440), self.ada.until_hears(700))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def pair(tmp_path_factory: pytest.TempPathFactory, browsers: dict[str, Browser]) -> AsyncIterator[Pair]:
    data: Path = tmp_path_factory.mktemp("networks")
    server = AtriumServer(data, ATRIUM_MEDIA_ADDRESS="127.0.0.2", ATRIUM_MEDIA_TCP="no")
    await asyncio.to_thread(server.start)
    path = ShapedPath(("127.0.0.1", server.media_port))
    await path.start(("127.0.0.2", server.media_port))
    ada = await Person.arrive(server, browsers["ada"])
    await ada.context.add_init_script(BOOKS)
    await ada.sign_up()
    bob = await (await Person.arrive(server, browsers["bob"])).sign_up()
    place = await ada.create_server()
    await asyncio.gather(ada.enter(place["id"]), bob.enter(place["id"]))
    await asyncio.gather(ada.speak_and_show(), bob.speak_and_show())
    await asyncio.gather(ada.walk_to(300, LANE), bob.walk_to(400, LANE))
    await asyncio.gather(ada.until_receiving(seconds=20), bob.until_receiving(seconds=20))
    yield Pair(ada, bob, path)
    await ada.leave()
    await bob.leave()
    await path.close()
    await asyncio.to_thread(server.stop)


async def test_a_way_that_breaks_without_a_word_is_replaced_on_the_same_connections(pair: Pair) -> None:
    before = await pair.ufrags()
    await watch_gaps(pair.ada, pair.bob)
    pair.path.cut()
    for person in (pair.ada, pair.bob):  # the page finds out by itself
        await person.until("window.__gap.longest > 1500")
    await asyncio.gather(pair.bob.until_hears(440, 30), pair.ada.until_hears(700, 30))
    gap = await longest_gap(pair.ada, pair.bob)
    print(f"\nthe way breaks, and nothing says so: longest silence {gap / 1000:.2f} s")
    assert gap < BREATH_MS + 5000
    assert set(await pair.ufrags()).isdisjoint(before)
    await pair.same_as_before()


async def test_a_restart_is_not_heard(pair: Pair) -> None:
    before = await pair.ufrags()
    assert len(before) == 2
    await watch_gaps(pair.ada, pair.bob)
    await pair.ada.page.evaluate(ONLINE)
    async with asyncio.timeout(20):
        while set(await pair.ufrags()) & set(before) or len(await pair.ufrags()) < 2:
            await asyncio.sleep(0.1)
    await asyncio.gather(pair.bob.until_hears(440), pair.ada.until_hears(700))
    gap = await longest_gap(pair.ada, pair.bob)
    print(f"\nan ICE restart of a page that talks: longest silence {gap:.0f} ms")
    assert gap < BREATH_MS + 5000
    await pair.same_as_before()


async def test_another_network_carries_on_what_the_old_one_carried(pair: Pair) -> None:
    before = await pair.ufrags()
    await watch_gaps(pair.ada, pair.bob)
    pair.path.cut()
    await pair.ada.page.evaluate(ONLINE)
    await pair.bob.page.evaluate(ONLINE)
    await asyncio.gather(pair.bob.until_hears(440, 20), pair.ada.until_hears(700, 20))
    gap = await longest_gap(pair.ada, pair.bob)
    print(f"\nboth pages on another network: longest silence {gap / 1000:.2f} s")
    assert set(await pair.ufrags()).isdisjoint(before)
    await pair.same_as_before()


async def test_the_worlds_socket_is_lost_with_the_network_and_media_goes_on_all_the_same(pair: Pair) -> None:
    before = await pair.ufrags()
    await watch_gaps(pair.ada, pair.bob)
    pair.path.cut()
    await pair.ada.page.evaluate("window.__socket.close()")
    await pair.ada.page.evaluate(ONLINE)
    await pair.bob.page.evaluate(ONLINE)
    await pair.ada.until("window.__welcomes === 2")
    await asyncio.gather(pair.bob.until_hears(440, 20), pair.ada.until_hears(700, 20))
    gap = await longest_gap(pair.ada, pair.bob)
    print(f"\nanother network, and the world's socket is lost too: longest silence {gap / 1000:.2f} s")
    assert set(await pair.ufrags()).isdisjoint(before)
    await pair.same_as_before(welcomes=2)
