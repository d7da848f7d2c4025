"""Behind a firewall that lets nothing but TURN through, people see and hear each other all the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.e2e.conftest import TONES
from tests.e2e.people import Person
from tests.support.atrium_server import AtriumServer
from tests.support.turn_server import TurnServer

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

SECRET = "a secret that only the world and coturn know"
# Our own turnserver.conf denies loopback twice; here the media worker is there.
LOOPBACK = ("--allow-loopback-peers", "--allowed-peer-ip=127.0.0.1")
# As a firewall would: no candidate but the relay's is ever used.
RELAY_ONLY = """
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(config, ...rest) { super({ ...config, iceTransportPolicy: "relay" }, ...rest); }
};
"""
# The candidates of all pairs that carry media: [our type, our protocol towards the relay, their type].
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


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_people_who_may_only_relay_see_and_hear_each_other(
    browsers: dict[str, Browser], tmp_path: Path, transport: str
) -> None:
    with (
        TurnServer(SECRET, tmp_path, *LOOPBACK) as turn,
        AtriumServer(
            tmp_path / "data",
            ATRIUM_TURN_URLS=f"turn:127.0.0.1:{turn.port}?transport={transport}",
            ATRIUM_TURN_SECRET=SECRET,
        ) as server,
    ):
        people = [await Person.arrive(server, browsers[name]) for name in ("ada", "bob")]
        ada, bob = people
        try:
            for person in people:
                await person.context.add_init_script(RELAY_ONLY)
                await person.sign_up()
            home = await ada.create_server()
            for person in people:
                await person.enter(home["id"])
                await person.speak_and_show()
            await ada.until_receiving()
            await bob.until_receiving()
            await ada.until_hears(TONES["bob"])
            await bob.until_hears(TONES["ada"])
            for person in people:
                pairs = await person.page.evaluate(PAIRS)
                assert pairs == [["relay", transport, "host"]] * 2, pairs
        finally:
            for person in people:
                await person.leave()
