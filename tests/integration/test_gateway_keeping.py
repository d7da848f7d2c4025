"""Muting others, over real WebSockets: who may, and that nothing of the muted microphone is forwarded."""

from __future__ import annotations

from signaling import messages as m
from tests.support.tiny_world import SERVER, Avatar, TinyWorld, until


async def roles(tiny: TinyWorld, **given: m.Role) -> None:
    for user_id, role in given.items():
        await tiny.world.role_changed(SERVER, user_id, role)


async def refused(avatar: Avatar, user_id: str) -> str:
    await avatar.send(m.Mute(user_id))
    error = await avatar.expect(m.Error)
    assert error.ref == "mute"
    return error.code


async def test_a_moderator_mutes_a_member_who_may_speak_again() -> None:
    async with TinyWorld() as tiny:
        ann, bob = await tiny.join("ann", (600, 700)), await tiny.join("bob", (700, 700))
        await roles(tiny, ann="moderator", bob="member")
        await tiny.on_air(ann)
        await tiny.on_air(bob, "mic", "camera")
        await until(lambda: ("bob", "mic") in heard(tiny, ann, bob), "ann hears bob")
        await ann.send(m.Mute("bob"))
        assert (await bob.expect(m.Muted)).name == ann.welcome.you.name
        told = await ann.expect(m.MediaChanged, lambda changed: not changed.media.mic)
        assert told == m.MediaChanged("bob", m.MediaFlags(mic=False, camera=True))
        await until(lambda: ("bob", "mic") not in heard(tiny, ann, bob), "nothing of it is forwarded")
        await bob.send(m.MediaState(mic=True, camera=True))
        await until(lambda: ("bob", "mic") in heard(tiny, ann, bob), "bob speaks again")


def heard(tiny: TinyWorld, listener: Avatar, speaker: Avatar) -> set[tuple[str, str]]:
    pairs = tiny.worker.heard(listener.session)
    return {("bob", source) for session, source in pairs if session == speaker.session}


async def test_nobody_mutes_their_like_those_above_or_who_is_not_there() -> None:
    async with TinyWorld() as tiny:
        ann, bob = await tiny.join("ann", (600, 700)), await tiny.join("bob", (700, 700))
        await roles(tiny, ann="moderator", bob="moderator")
        assert await refused(ann, "bob") == "not_allowed"
        await roles(tiny, ann="member", bob="member")
        assert await refused(ann, "bob") == "not_allowed"
        assert await refused(ann, "nobody") == "not_allowed", "that is not how to learn who is here"
        await roles(tiny, ann="moderator", bob="admin")
        assert await refused(ann, "nobody") == "user_unknown"
        assert await refused(ann, "bob") == "not_allowed"
        await roles(tiny, ann="owner")
        assert await refused(ann, "ann") == "not_allowed", "not even oneself"
        assert not bob.told(m.Muted)


async def test_a_flood_of_mutes_is_refused() -> None:
    async with TinyWorld() as tiny:
        ann = await tiny.join("ann", (600, 700))
        await roles(tiny, ann="owner")
        for _ in range(60):
            await ann.send(m.Mute("nobody"))
        await ann.expect(m.Error, lambda error: error.code == "rate_limited")
