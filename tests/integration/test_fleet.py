"""Two world nodes, three media workers, Redis and PostgreSQL as processes; then parts of it go away.

Each test prints how long it took until everybody heard everybody again.
"""

from __future__ import annotations

import asyncio

from tests.support.fleet import Fleet, hear_each_other, longest_gap, nobody_lost_media, now
from tests.support.roamer import Roamer

pytest_plugins = ("tests.support.fleet_fixtures",)


async def test_a_hall_spills_over_to_a_second_worker_and_a_pipe_joins_both(
    fleet: Fleet, crowd: list[Roamer]
) -> None:
    spread = await fleet.spread(len(crowd))
    print(f"\nfour people in one Hall, sessions by worker: {spread}")
    assert sorted(spread.values())[1:] != [0, 4]
    beats = await fleet.beats()
    assert all(beat.address[1] for beat in beats.values())


async def test_who_walks_into_a_private_room_is_not_heard_on_any_worker_any_more(
    fleet: Fleet, crowd: list[Roamer]
) -> None:
    walker, *others = crowd
    tone = round(walker.frequency / 10) * 10
    await walker.walk((192, 300), (192, 200))
    await walker.until("zone_changed", lambda m: m["user_id"] == walker.id and bool(m["zone_id"]))
    async with asyncio.timeout(30):  # what is in jitter buffers is played
        while any(tone in person.heard_tones() for person in others) or walker.packets(now() - 0.3):
            await asyncio.sleep(0.02)
    start = now()
    for _ in range(20):
        await asyncio.sleep(0.05)
        assert all(tone not in person.heard_tones() for person in others)
    assert walker.packets(start) == 0
    await hear_each_other(others)


async def test_a_drained_worker_is_empty_soon_and_nobody_misses_a_second(
    fleet: Fleet, crowd: list[Roamer]
) -> None:
    spread = await fleet.spread(len(crowd))
    fullest = max(spread, key=lambda name: spread[name])
    start = now()
    done = await fleet.drain(fullest, "--deadline", "30")
    took = now() - start
    assert done.returncode == 0, done.stdout + done.stderr
    heard_after = await hear_each_other(crowd)
    gap = max(longest_gap(person, start, now()) for person in crowd)
    print(f"\ndrain of a worker with {spread[fullest]} people: empty after {took:.2f} s")
    print(f"longest silence {gap:.2f} s")
    print(f"everybody hears everybody {heard_after:.2f} s later; moves: {[p.moves for p in crowd]}")
    nobody_lost_media(crowd)
    assert sum(person.moves for person in crowd) >= spread[fullest]
    assert gap < 10.0  # a tenth of a second on a machine of its own
    assert (await fleet.spread())[fullest] == 0
    back = await fleet.drain(fullest, "--cancel")
    assert back.returncode == 0, back.stderr


async def test_the_people_of_a_killed_worker_are_told_at_once_and_heard_again_without_a_click(
    fleet: Fleet, crowd: list[Roamer]
) -> None:
    spread = await fleet.spread(len(crowd))
    fullest = max(spread, key=lambda name: spread[name])
    start = now()
    fleet.kill(fleet.workers[fullest])
    async with asyncio.timeout(30):
        while sum(person.losses for person in crowd) < spread[fullest]:
            await asyncio.sleep(0.01)
    told = now() - start
    await hear_each_other(crowd)
    took = now() - start
    fleet.workers[fullest].stop(check=False)
    print(f"\nkill -9 of a worker with {spread[fullest]} people: they are told after {told:.2f} s")
    print(f"and everybody hears everybody after {took:.2f} s")


async def test_a_worker_that_is_restarted_lets_its_people_move_first(
    fleet: Fleet, crowd: list[Roamer]
) -> None:
    spread = await fleet.spread(len(crowd))
    fullest = max(spread, key=lambda name: spread[name])
    start = now()
    await asyncio.to_thread(fleet.workers[fullest].stop)
    await hear_each_other(crowd)
    gap = max(longest_gap(person, start, now()) for person in crowd)
    print(f"\nSIGTERM of a worker with {spread[fullest]} people: longest silence {gap:.2f} s")
    nobody_lost_media(crowd)
    assert sum(person.moves for person in crowd) >= spread[fullest]


async def test_without_redis_what_crosses_a_pipe_goes_on_crossing(fleet: Fleet, crowd: list[Roamer]) -> None:
    start = now()
    fleet.redis.kill()
    await asyncio.sleep(7.0)
    gap = max(longest_gap(person, start, now()) for person in crowd)
    fleet.redis.start()
    back = now()
    await hear_each_other(crowd)
    print(f"\nseven seconds without Redis: longest silence {gap:.2f} s")
    assert gap < 5.0, "media stopped with Redis"
    # New routes reach the workers again: one walks away out of hearing, and comes back.
    walker = crowd[0]
    await walker.walk((192, 560))
    await walker.walk((700, 560))
    walked = now()
    tone = round(walker.frequency / 10) * 10
    async with asyncio.timeout(30):
        while any(tone in person.heard_tones() for person in crowd[1:]):
            await asyncio.sleep(0.05)
    gone = now() - walked
    print(f"Redis is back; after a walk of {walked - back:.1f} s out of hearing within {gone:.2f} s")
    nobody_lost_media(crowd)


async def test_without_the_database_people_walk_and_talk_on(fleet: Fleet, crowd: list[Roamer]) -> None:
    start = now()
    fleet.postgres.kill()
    await crowd[0].walk((232, 360), (192, 360))
    await hear_each_other(crowd)
    answer = await crowd[0].http.get("/readyz")
    assert answer.status == 503
    assert (await answer.json())["checks"]["database"] is False
    gap = max(longest_gap(person, start, now()) for person in crowd)
    await asyncio.to_thread(fleet.postgres.start)
    back = now()
    async with asyncio.timeout(60):
        while (await crowd[0].http.get("/readyz")).status != 200:
            await asyncio.sleep(0.1)
    print(f"\nkill -9 of PostgreSQL: longest silence {gap:.2f} s")
    print(f"the world is ready again {now() - back:.1f} s after its start")
    assert gap < 5.0
    nobody_lost_media(crowd)
    newcomer = Roamer(crowd[0].url)
    try:
        await newcomer.sign_up()
    finally:
        await newcomer.close()
