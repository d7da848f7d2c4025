"""Servers and zones over HTTP: who may see, make, change, join and leave what."""

from __future__ import annotations

from pathlib import Path

from tests.support.api import running_api


async def test_sign_up_make_a_server_and_read_its_zones(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        ada = api.browser()
        await ada.sign_up("ada")
        made = await ada.ok("POST", "/api/servers", {"name": "Guild", "map": "studio"}, 201)
        assert made["name"] == "Guild"
        assert [zone["name"] for zone in made["zones"]] == ["Hall", "Room_1"]
        room = made["zones"][1]
        assert room["type"] == "PRIVATE"
        assert room["bounds"] == {"x": 32.0, "y": 32.0, "width": 200.0, "height": 160.0}
        assert len(room["meeting_id"]) >= 22
        listed = await ada.ok("GET", f"/api/servers/{made['id']}/zones")
        assert listed == {"zones": made["zones"]}
