"""The figures that the program serves are those that the page explains, and nothing asks for others."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.support.atrium_server import AtriumServer
from tests.support.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "metrics.md").read_text("utf-8")
ROW = re.compile(r"^\| `(\w+)` \| (counter|gauge|histogram) \| ((?:`\w+`(?:, )?)*) ?\| \S.*\|$")
TOKEN = "a-token-of-sixteen-and-more"


def explained() -> dict[str, tuple[str, frozenset[str]]]:
    """By name: the type and the labels."""
    found = {}
    for line in PAGE.splitlines():
        if line.startswith("| `"):
            row = ROW.match(line)
            assert row, line
            assert row[1] not in found, f"{row[1]} is explained twice"
            found[row[1]] = row[2], frozenset(re.findall(r"`(\w+)`", row[3]))
    return found


def read(url: str, **headers: str) -> str:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=5) as answer:
        return str(answer.read().decode())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AtriumServer]:
    port = str(free_port())
    with AtriumServer(
        tmp_path_factory.mktemp("data"), ATRIUM_METRICS_PORT=port, ATRIUM_METRICS_TOKEN=TOKEN
    ) as running:
        running.metrics_url = f"http://127.0.0.1:{port}/metrics"  # type: ignore[attr-defined]
        yield running


@pytest.fixture(scope="module")
def served(server: AtriumServer) -> str:
    return read(server.metrics_url, Authorization=f"Bearer {TOKEN}")  # type: ignore[attr-defined]


def test_every_metric_is_explained_with_its_type_and_every_explained_one_is_served(served: str) -> None:
    types = dict(re.findall(r"^# TYPE (\w+) (\w+)$", served, re.MULTILINE))
    page = explained()
    assert set(types) - set(page) == set(), "not in docs/metrics.md"
    assert set(page) - set(types) == set(), "in docs/metrics.md and not served"
    assert {name: kind for name, (kind, _) in page.items()} == types


def test_no_metric_has_a_label_that_is_not_explained(served: str) -> None:
    page = explained()
    for name, labels in re.findall(r"^(\w+?)(?:_bucket|_sum|_count)?\{([^}]*)\}", served, re.MULTILINE):
        assert set(re.findall(r'(\w+)="', labels)) - {"le"} <= page[name][1], name


def test_a_port_of_their_own_takes_the_figures_from_the_public_one(server: AtriumServer) -> None:
    for url, status in ((f"{server.url}/metrics", 404), (server.metrics_url, 403)):  # type: ignore[attr-defined]
        with pytest.raises(urllib.error.HTTPError) as refused:
            read(url)
        assert refused.value.code == status
        refused.value.close()


# --- who asks for figures --------------------------------------------------------------------------

RULES = yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yml").read_text("utf-8"))
SCRAPE = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text("utf-8"))
BOARD = json.loads((ROOT / "deploy" / "grafana" / "atriumverse.json").read_text("utf-8"))
ALERTS = [rule for group in RULES["groups"] for rule in group["rules"]]
PANELS = [panel for panel in BOARD["panels"] if panel["type"] != "row"]


def names_in(expression: str) -> dict[str, set[str]]:
    """The metrics of a PromQL expression with the labels that it selects by."""
    found: dict[str, set[str]] = {}
    for name, selector in re.findall(r"\b((?:atrium|process)_\w+|up)\b(?:\{([^}]*)\})?", expression):
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        found.setdefault(base, set()).update(re.findall(r"(\w+)\s*(?:=~|!=|=)", selector))
    return found


def check(expression: str) -> None:
    page = explained()
    assert names_in(expression), expression
    for name, labels in names_in(expression).items():
        if name != "up":
            assert name in page, f"{name} is no metric of ours: {expression}"
            assert labels <= page[name][1] | {"instance", "job"}, expression
    if "_bucket" in expression:
        assert "histogram_quantile" in expression
        assert re.search(r"by \(le\b", expression), expression
    for inner in re.findall(r"rate\((\w+)", expression):
        assert re.search(r"_(total|bucket|sum|count)$", inner), (
            f"a rate of something that is no counter: {inner}"
        )
    assert expression.count("(") == expression.count(")")


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_a_panel_asks_for_our_metrics_only(panel: dict[str, object]) -> None:
    targets = panel["targets"]
    assert isinstance(targets, list)
    assert targets
    for target in targets:
        check(target["expr"])


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_asks_for_our_metrics_only_and_says_what_to_do(alert: dict[str, object]) -> None:
    check(str(alert["expr"]))
    notes = alert["annotations"]
    assert isinstance(notes, dict)
    assert notes["summary"]
    assert notes["action"]


def test_the_dashboard_shows_what_an_operator_asks_for_without_overlap() -> None:
    asked = {name for panel in PANELS for target in panel["targets"] for name in names_in(target["expr"])}
    assert {
        "atrium_world_people",
        "atrium_world_refused_total",
        "atrium_sfu_packets_sent_total",
        "atrium_sfu_bytes_sent_total",
        "atrium_sfu_downlink_loss_ratio",
        "atrium_sfu_round_trip_seconds",
        "atrium_sfu_bytes_received_total",
        "atrium_sfu_first_packet_seconds",
        "atrium_sfu_listener_first_packet_seconds",
        "atrium_event_loop_lag_seconds",
        "process_cpu_seconds_total",
    } <= asked
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])
    taken: set[tuple[int, int]] = set()
    for panel in BOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells


def test_prometheus_scrapes_the_address_that_we_serve() -> None:
    (job,) = SCRAPE["scrape_configs"]
    assert job["metrics_path"] == "/metrics"
    assert job["authorization"]["type"] == "Bearer"
    assert {rule["expr"] for rule in ALERTS if 'job="' in rule["expr"]} == {
        rule["expr"] for rule in ALERTS if f'job="{job["job_name"]}"' in rule["expr"]
    }
