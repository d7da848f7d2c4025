"""How many people a machine carries, out of what packets cost."""

from __future__ import annotations

from pathlib import Path

import pytest

from web.plan import machine
from web.plan.model import (
    CPU_SHARE,
    MEMORY_SHARE,
    NETWORK_SHARE,
    TALKING,
    WATCHING,
    Costs,
    Crowd,
    Machine,
    bits,
    cpu_microseconds,
    plan,
    solve,
)

COSTS = Costs(audio_out=5.0, audio_in=10.0, video_out=3.0, video_in=10.0)
ENDLESS = 1e15


def made(workers: int = 1, network: float = ENDLESS, memory: float = ENDLESS) -> Machine:
    return Machine(workers, network, memory, COSTS, slot_bytes=4000.0)


def test_costs_of_sending_and_receiving_come_out_of_two_fan_outs() -> None:
    def measured(listeners: int) -> float:
        return 3.0 + 20.0 / listeners

    assert solve(measured(4), 4, measured(40), 40) == pytest.approx((3.0, 20.0))


def test_noise_makes_no_negative_cost() -> None:
    assert solve(4.0, 4, 4.2, 40) == (4.2, 0.0)
    out, received = solve(1000.0, 4, 1.0, 40)
    assert out > 0
    assert received > 0


def test_one_person_costs_what_is_sent_and_received() -> None:
    assert cpu_microseconds(TALKING, COSTS) == 50 * (10 + 5 * 5) + 70 * (10 + 5 * 3)
    to_us, from_us = bits(TALKING)
    assert from_us == pytest.approx(5 * to_us)
    assert 0.5e6 < to_us < 1.2e6


@pytest.mark.parametrize("crowd", [TALKING, WATCHING], ids=lambda crowd: crowd.name)
def test_what_is_used_up_first_is_the_limit_and_is_not_overdrawn(crowd: Crowd) -> None:
    for here, limit, share in (
        (made(), "CPU", CPU_SHARE),
        (made(network=1e8), "network", NETWORK_SHARE),
        (made(memory=3e8), "memory", MEMORY_SHARE),
    ):
        found = plan(here, crowd)
        assert found.limit == limit
        assert found.people == min(found.cpu, found.network, found.memory)
        used = {"CPU": found.cpu_used, "network": found.network_used, "memory": found.memory_used}[limit]
        assert used <= share + 1e-9
        assert used > share * 0.9


def test_two_workers_carry_twice_as_many_where_cpu_is_the_limit() -> None:
    one, two = (plan(made(workers=workers), TALKING).people for workers in (1, 2))
    assert abs(two - 2 * one) <= 1


def test_a_machine_without_memory_carries_nobody() -> None:
    assert plan(made(memory=1e8), TALKING).people == 0


def test_the_network_is_the_card_with_the_default_route(tmp_path: Path) -> None:
    routes = tmp_path / "route"
    routes.write_text("Iface\tDestination\tGateway\nlo\t0000007F\t0\neth1\t00000000\t0101A8C0\n")
    (tmp_path / "eth1").mkdir()
    for speed, bits_a_second in (("2500\n", 2.5e9), ("-1\n", None), ("nonsense", None)):
        (tmp_path / "eth1" / "speed").write_text(speed)
        assert machine.network(routes, tmp_path) == bits_a_second
    assert machine.network(tmp_path / "none", tmp_path) is None
