"""Two people whose firewall lets nothing but TURN through."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser

from tests.e2e.conftest import TONES
from tests.e2e.people import Person
from tests.support.atrium_server import AtriumServer
from tests.support.turn_server import TurnServer

SECRET = "a secret that only the world and coturn know"
# Our own turnserver.conf denies loopback twice; here the media worker is there.
LOOPBACK = ("--allow-loopback-peers", "--allowed-peer-ip=127.0.0.1")
# As a firewall would: no candidate but the relay's is ever used.
RELAY_ONLY = """
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(config, ...rest) { super({ ...config, iceTransportPolicy: "relay" }, ...rest); }
};
"""
PAIRS = """async () => {
  const found = [];
  for (const pc of window.__pcs) {
    if (pc.connectionState !== "connected") continue;
    const reports = await pc.getStats();
    for (const report of reports.values()) {
      if (report.type !== "transport" || !report.selectedCandidatePairId) continue;
      const pair = reports.get(report.selectedCandidatePairId);
      const [ours, theirs] = [reports.get(pair.localCandidateId), reports.get(pair.remoteCandidateId)];
      found.push([ours.candidateType, ours.relayProtocol, theirs.candidateType]);
    }
  }
  return found;
}"""


@asynccontextmanager
async def behind_a_relay(
    browsers: dict[str, Browser], folder: Path, transport: str
) -> AsyncIterator[tuple[TurnServer, list[Person]]]:
    """The relay, and Ada and Bob, who see and hear each other through it."""
    with (
        TurnServer(SECRET, folder, *LOOPBACK) as turn,
        AtriumServer(
            folder / "data",
            ATRIUM_TURN_URLS=f"turn:127.0.0.1:{turn.port}?transport={transport}",
            ATRIUM_TURN_SECRET=SECRET,
        ) as server,
    ):
        people = [await Person.arrive(server, browsers[name]) for name in ("ada", "bob")]
        try:
            for person in people:
                await person.context.add_init_script(RELAY_ONLY)
                await person.sign_up()
            home = await people[0].create_server()
            for person in people:
                await person.enter(home["id"])
                await person.speak_and_show()
            for person in people:
                await person.until_receiving()
            await hear_each_other(people)
            yield turn, people
        finally:
            for person in people:
                await person.leave()


async def hear_each_other(people: list[Person]) -> None:
    """Until both do."""
    ada, bob = people
    await ada.until_hears(TONES["bob"], seconds=20)
    await bob.until_hears(TONES["ada"], seconds=20)


async def ways(person: Person) -> list[list[str]]:
    """The candidates of all pairs that carry media: our type, our protocol towards the relay, their type."""
    found: list[list[str]] = await person.page.evaluate(PAIRS)
    return found
