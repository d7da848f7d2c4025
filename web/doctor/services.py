"""What we stand on: Redis, the database, clocks, TURN servers."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from web.addresses import advertised
from web.doctor.finding import Finding
from web.doctor.turn_client import TurnError, try_turn
from web.settings import Settings

SECONDS = 5.0
SLOW_REDIS_SECONDS = 0.02
ASKED = 5
# Leases live 3 s and tickets carry times: clocks that differ by more confuse who owns what.
SKEW_WARNING_SECONDS = 0.5
SKEW_BAD_SECONDS = 2.0


async def checks(settings: Settings) -> list[Finding]:
    """All of them, at the same time."""
    found = await asyncio.gather(redis(settings), database(settings), *(turns(settings)))
    return [finding for group in found for finding in group]


def clock(name: str, ahead: float) -> Finding:
    """How far the clock of `name` is ahead of ours (seconds)."""
    check, found = f"clock of {name}", f"{ahead * 1000:+.0f} ms from ours"
    advice = "let chrony or systemd-timesyncd keep both machines' clocks"
    if abs(ahead) > SKEW_BAD_SECONDS:
        return Finding(check, "bad", found, advice)
    if abs(ahead) > SKEW_WARNING_SECONDS:
        return Finding(check, "warning", found, advice)
    return Finding(check, "good", found)


# --- Redis ---------------------------------------------------------------------------------------


async def redis(settings: Settings) -> list[Finding]:
    """Reachable, quick, keeps what it is given, and publishes."""
    if not settings.redis_url:
        return [Finding("Redis", "skipped", "not set: everything in one process")]
    import redis.asyncio as client_library
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff
    from redis.exceptions import RedisError

    client: Any = client_library.Redis.from_url(
        settings.redis_url, socket_connect_timeout=SECONDS, retry=Retry(NoBackoff(), 0)
    )
    try:
        async with asyncio.timeout(SECONDS):
            return await _redis(client)
    except (RedisError, OSError, TimeoutError) as error:
        reason = str(error) or type(error).__name__
        return [
            Finding(
                "Redis", "bad", f"out of reach: {reason}", "check REDIS_URL, and that it runs and lets us in"
            )
        ]
    finally:
        await client.aclose()


async def _redis(client: Any) -> list[Finding]:
    await client.ping()
    took, ahead = min([await _asked_time(client) for _ in range(ASKED)])  # what held up others is ours
    info = await client.info()
    found = f"version {info['redis_version']}, answers in {took * 1000:.1f} ms"
    policy = await _eviction(client)
    if int(info.get("maxmemory", 0)) and policy != "noeviction":
        state = Finding(
            "Redis",
            "warning",
            f"{found}; under pressure it forgets keys ({policy})",
            "CONFIG SET maxmemory-policy noeviction: leases and positions must not vanish",
        )
    elif took > SLOW_REDIS_SECONDS:
        state = Finding(
            "Redis", "warning", f"{found}: slow", "put it near the worlds: each tick waits for it"
        )
    else:
        state = Finding("Redis", "good", found)
    return [state, await _publishes(client), clock("Redis", ahead)]


async def _asked_time(client: Any) -> tuple[float, float]:
    """How long one question took, and how far its clock is ahead of ours (s)."""
    begun = time.perf_counter()
    seconds, micros = await client.time()
    ended, took = time.time(), time.perf_counter() - begun
    return took, seconds + micros / 1e6 - (ended - took / 2)


async def _eviction(client: Any) -> str:
    """What it does when its memory is full; many a hosted Redis does not say."""
    from redis.exceptions import ResponseError

    try:
        told = await client.config_get("maxmemory-policy")
    except ResponseError:
        return "noeviction"
    return str(told.get("maxmemory-policy", "noeviction"))


async def _publishes(client: Any) -> Finding:
    """Whether a message that we publish reaches us (a proxy in front, or an ACL, may forbid it)."""
    from redis.exceptions import ResponseError

    channel = "atrium:doctor"
    pubsub = client.pubsub()
    try:
        await pubsub.subscribe(channel)
        await client.publish(channel, b"hello")
        async with asyncio.timeout(2.0):
            while True:
                message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=1.0)
                if message is not None:
                    return Finding("Redis publish", "good", "what is published arrives")
    except (TimeoutError, ResponseError) as error:
        return Finding(
            "Redis publish",
            "bad",
            f"what is published does not arrive {error}".strip(),
            "allow PUBLISH and SUBSCRIBE on atrium:* (ACL), and use no proxy without publish/subscribe",
        )
    finally:
        await pubsub.aclose()


# --- the database --------------------------------------------------------------------------------


async def database(settings: Settings) -> list[Finding]:
    """Reachable, and of this release's form."""
    from sqlalchemy import text

    from world.storage.database import BadDatabase, Database
    from world.storage.migrate import head

    file = settings.data / "atrium.db"
    if not settings.database_url and settings.redis_url:
        return [
            Finding(
                "database",
                "warning",
                f"{file}: enough for one world; several would each have accounts of their own",
                "set DATABASE_URL to a PostgreSQL that all worlds share",
            )
        ]
    if not settings.database_url and not file.exists():
        return [Finding("database", "good", f"will be made in {file} at the first start")]
    try:
        opened = Database(settings.database_url or f"sqlite:///{file}")
    except BadDatabase as error:
        return [Finding("database", "bad", str(error), "see `database_url` in docs/settings.md")]
    except OSError as error:
        return [Finding("database", "bad", str(error), "check DATABASE_URL")]
    where = opened.url.render_as_string(hide_password=True)
    named = opened.url.database if opened.url.get_backend_name() == "sqlite" else None
    if named and not await asyncio.to_thread(Path(named).exists):
        await opened.close()
        return [Finding("database", "good", f"{where} will be made at the first start")]
    try:
        async with asyncio.timeout(SECONDS * 2):
            found = [await _revision(opened, where, head())]
            if opened.url.get_backend_name() == "postgresql":
                async with opened.read() as session:
                    begun = time.perf_counter()
                    theirs = (
                        await session.execute(text("SELECT extract(epoch FROM clock_timestamp())"))
                    ).scalar_one()
                    took = time.perf_counter() - begun
                    found.append(clock("PostgreSQL", float(theirs) - (time.time() - took / 2)))
            return found
    except Exception as error:  # drivers' errors have no common root
        reason = (str(error.__cause__ or error).strip().splitlines() or [type(error).__name__])[0]
        return [
            Finding(
                "database", "bad", f"{where}: {reason}", "check DATABASE_URL, and that it runs and lets us in"
            )
        ]
    finally:
        await opened.close()


async def _revision(opened: Any, where: str, newest: str) -> Finding:
    from sqlalchemy import inspect, text

    async with opened.engine.connect() as connection:
        tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
        now = None
        if "alembic_version" in tables:
            now = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar()
    if now is None:
        return Finding("database", "good", f"{where} is empty: its tables are made at the first start")
    if now == newest:
        return Finding("database", "good", f"{where}, revision {now}")
    from world.storage.migrate import known_revisions

    if now in known_revisions():
        return Finding(
            "database",
            "warning",
            f"{where} is at revision {now}, this release wants {newest}",
            "back it up, then `atrium migrate` (`serve` and `world` do it too when they start)",
        )
    return Finding(
        "database",
        "bad",
        f"{where} is at revision {now}, which this release does not know",
        "it was written by a newer release: install that one, or restore a backup",
    )


# --- TURN ----------------------------------------------------------------------------------------


def turns(settings: Settings) -> list[Any]:
    """One check for each URL."""
    if not settings.turn_urls:
        return [_no_turn()]
    return [_turn(settings, url) for url in settings.turn_urls]


async def _no_turn() -> list[Finding]:
    return [
        Finding(
            "TURN",
            "skipped",
            "not set: people behind firewalls without UDP have no media (docs/operating.md)",
        )
    ]


async def _turn(settings: Settings, url: str) -> list[Finding]:
    """A real allocation with the credentials that browsers would get."""
    from signaling.tickets import turn_credentials

    check = f"TURN {url}"
    told = advertised(settings.media_host or settings.host, settings.media_address)
    peer = (told[0], settings.media_port) if told else None
    username, credential = turn_credentials(settings.turn_secret, "doctor", 60, time.time())
    try:
        relayed = await try_turn(url, username, credential)
    except TurnError as error:
        advice = {
            401: "ATRIUM_TURN_SECRET must be coturn's static-auth-secret, and both clocks be right",
            486: "the quota is used up: raise user-quota and total-quota in turnserver.conf",
        }.get(error.code, "check that coturn runs there and that its port is open")
        return [Finding(check, "bad", str(error), advice)]
    except OSError as error:
        return [
            Finding(check, "bad", str(error.strerror or error), "check the host and port in ATRIUM_TURN_URLS")
        ]
    found = f"relays from {relayed[0]}"
    if peer is not None:
        try:
            await try_turn(url, username, credential, peer)
        except (TurnError, OSError) as error:
            return [
                Finding(
                    check,
                    "bad",
                    f"{found}, but not to our media at {peer[0]}: {error}",
                    f"allowed-peer-ip={peer[0]} in turnserver.conf, or a public ATRIUM_MEDIA_ADDRESS",
                )
            ]
    return [Finding(check, "good", f"{found} to our media")]
