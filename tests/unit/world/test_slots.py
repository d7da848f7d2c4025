"""Which slot carries whom."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from signaling.messages import KIND_OF_SOURCE, MediaFlags, Source
from tests.support.people import person, put_on_air
from world.hearing.audibility import Audibility, amplitude, gain
from world.hearing.slots import (
    AUDIO_SLOTS,
    LOUDER,
    SPEAKING_HOLD,
    Ears,
    Wish,
    public_wishes,
    rank_room,
    room_wishes,
)
from world.space.grid import Grid
from world.space.player import Player


def public(listener: Player, *others: Player) -> Audibility:
    grid, audibility = Grid(), Audibility()
    for player in (listener, *others):
        grid.put(player)
    audibility.update((listener, *others), [], grid)
    return audibility


def names(wishes: list[Wish]) -> list[str]:
    return [wish.player.user_id for wish in wishes]


# --- the table -------------------------------------------------------------------------------------

PEOPLE = [person(f"p{i}", 0, 0, None, "mic") for i in range(8)]
ranking = st.lists(st.tuples(st.sampled_from(PEOPLE), st.booleans()), unique_by=lambda pair: pair[0])


@given(st.lists(ranking, max_size=12))
def test_whoever_stays_keeps_their_slot_and_the_best_are_always_in(
    rankings: list[list[tuple[Player, bool]]],
) -> None:
    ears = Ears(3, 0)
    table = ears.audio
    for ranked in rankings:
        before = {wish.player: slot for slot, wish in enumerate(table.slots) if wish is not None}
        wishes = [Wish(player, "mic", active) for player, active in ranked]
        old = list(table.slots)
        assert ears.assign(wishes, []) == (table.slots != old)
        after = {wish.player: slot for slot, wish in enumerate(table.slots) if wish is not None}
        assert {wish for wish in table.slots if wish is not None} == set(wishes[:3])
        assert all(after[player] == slot for player, slot in before.items() if player in after)


def test_a_reserved_source_that_comes_into_hearing_stays_in_its_slot() -> None:
    ears = Ears(2, 0)
    ears.assign([Wish(PEOPLE[0], "mic", True), Wish(PEOPLE[1], "mic", False)], [])
    assert ears.assign([Wish(PEOPLE[1], "mic", True), Wish(PEOPLE[0], "mic", True)], [])
    assert ears.audio.slots == [Wish(PEOPLE[0], "mic", True), Wish(PEOPLE[1], "mic", True)]


SOURCES: tuple[Source, ...] = ("mic", "camera", "screen", "screen_audio")
on_air = st.sets(st.tuples(st.sampled_from(PEOPLE[:3]), st.sampled_from(SOURCES)))


def numbers(ears: Ears, player: Player) -> dict[Source, int]:
    """The numbers of the slots that carry this person."""
    return {**ears.audio.held_by(player), **ears.video.held_by(player)}


@given(st.lists(st.tuples(on_air, st.randoms(use_true_random=False)), max_size=12))
def test_voice_and_face_have_slots_of_one_number_whatever_was_on_before(
    changes: list[tuple[set[tuple[Player, Source]], Random]],
) -> None:
    ears = Ears(6, 6)  # three people, two pairs of sources each
    for on, random in changes:
        wishes = [Wish(player, source, True) for player, source in sorted(on, key=lambda one: one[1])]
        random.shuffle(wishes)
        audio = [wish for wish in wishes if KIND_OF_SOURCE[wish.source] == "audio"]
        ears.assign(audio, [wish for wish in wishes if wish not in audio])
        for player in PEOPLE[:3]:
            held = numbers(ears, player)
            for voice, face in (("mic", "camera"), ("screen_audio", "screen")):
                if voice in held and face in held:
                    assert held[voice] == held[face]


def test_a_voice_comes_back_to_the_number_of_its_face() -> None:
    ann, bob = PEOPLE[:2]
    ears = Ears()
    face = [Wish(ann, "camera", True)]
    ears.assign([Wish(ann, "mic", True)], face)
    ears.assign([Wish(bob, "mic", True)], face)  # Ann is muted, and her number is kept free
    ears.assign([Wish(bob, "mic", True), Wish(ann, "mic", True)], face)
    assert numbers(ears, ann) == {"mic": 0, "camera": 0}
    assert numbers(ears, bob) == {"mic": 1}


def test_where_nothing_else_is_free_a_voice_is_heard_beside_anothers_face() -> None:
    ann, bob = PEOPLE[:2]
    ears = Ears(1, 1)
    ears.assign([Wish(bob, "mic", True)], [Wish(ann, "camera", True)])
    assert (ears.audio.slots, ears.video.slots) == ([Wish(bob, "mic", True)], [Wish(ann, "camera", True)])


# --- public space ----------------------------------------------------------------------------------


def test_only_what_is_on_and_was_seen_by_the_worker_gets_a_slot() -> None:
    ann, bob = person("ann", 0, 0, None), person("bob", 100, 0, None, "mic", "camera")
    put_on_air(ann)
    heard = public(ann, bob)
    audio, video = public_wishes(ann, heard, Ears(), 0.0)
    assert [(w.source, w.active) for w in audio + video] == [("mic", True), ("camera", True)]
    bob.flags = MediaFlags(mic=False, camera=True)  # muted, though packets may still come
    audio, video = public_wishes(ann, heard, Ears(), 0.0)
    assert audio == []
    bob.flags = MediaFlags(mic=True, camera=True, screen=True)
    bob.sources = {"mic"}  # says camera, has sent nothing
    audio, video = public_wishes(ann, heard, Ears(), 0.0)
    assert video == []


def test_who_does_not_watch_gets_no_video_at_all() -> None:
    ann, bob = person("ann"), person("bob", 100, 0, None, "mic", "camera", "screen", "screen_audio")
    put_on_air(ann)
    ann.watch = False
    audio, video = public_wishes(ann, public(ann, bob), Ears(), 0.0)
    assert {w.source for w in audio} == {"mic", "screen_audio"}
    assert video == []
    ann.room = bob.room = "r"
    assert room_wishes(ann, rank_room([ann, bob], 0.0), Ears())[1] == []


def test_nearer_people_rank_first_and_reserved_ones_last() -> None:
    ann = person("ann")
    put_on_air(ann)
    others = [person(f"d{d}", d, 0, None, "mic") for d in (340, 250, 50, 150)]
    audio, _ = public_wishes(ann, public(ann, *others), Ears(), 0.0)
    assert names(audio) == ["d50", "d150", "d250", "d340"]
    assert [w.active for w in audio] == [True, True, True, False]


def test_speaking_people_come_before_nearer_silent_ones_for_audio_and_the_pinned_one_for_video() -> None:
    ann = person("ann")
    put_on_air(ann)
    near, far = person("near", 50, 0, None, "mic", "camera"), person("far", 250, 0, None, "mic", "camera")
    heard = public(ann, near, far)
    far.spoke_at = 10.0
    audio, video = public_wishes(ann, heard, Ears(), 10.0)
    assert (names(audio), names(video)) == (["far", "near"], ["near", "far"])
    ann.pinned = "far"
    audio, video = public_wishes(ann, heard, Ears(), 10.0 + SPEAKING_HOLD)
    assert (names(audio), names(video)) == (["near", "far"], ["far", "near"])


def test_a_newcomer_must_be_clearly_nearer_to_take_a_slot() -> None:
    ann = person("ann")
    put_on_air(ann)
    first, second = person("first", 100, 0, None, "mic"), person("second", 200, 0, None, "mic")
    heard = public(ann, first, second)
    ears = Ears(audio=1, video=0)
    ears.assign(*public_wishes(ann, heard, ears, 0.0))
    for x, expected in ((95, "first"), (86, "first"), (80, "second")):
        second.x = x
        ears.assign(*public_wishes(ann, heard, ears, 0.0))
        held = ears.audio.slots[0]
        assert held is not None
        assert held.player.user_id == expected, x
    assert ears.overflow


def test_people_whom_another_worker_carries_get_no_slot() -> None:
    ann, bob = person("ann"), person("bob", 100, 0, None, "mic")
    put_on_air(ann)
    bob.carrier = "w2"
    assert public_wishes(ann, public(ann, bob), Ears(), 0.0) == ([], [])
    assert room_wishes(ann, rank_room([ann, bob], 0.0), Ears()) == ([], [])


def test_among_speakers_those_come_first_who_are_heard_best() -> None:
    ann = person("ann")
    put_on_air(ann)
    near, far, shouts = (person(name, x, 0, None, "mic") for name, x in (("a", 60), ("b", 200), ("c", 200)))
    heard = public(ann, near, far, shouts)
    for player, level in ((near, 24), (far, 24), (shouts, 6)):
        player.spoke_at, player.loudness = 10.0, amplitude(level)
    assert names(public_wishes(ann, heard, Ears(), 10.0)[0]) == ["c", "a", "b"]
    shouts.loudness = amplitude(24)
    shouts.x = 250
    assert names(public_wishes(ann, heard, Ears(), 10.0)[0]) == ["a", "b", "c"]


crowd = st.lists(st.tuples(st.integers(0, 290), st.integers(1, 6), st.booleans()), min_size=4, max_size=8)


@given(st.lists(crowd, min_size=1, max_size=6))
def test_no_speaker_loses_a_slot_but_to_one_who_is_heard_clearly_louder(
    rounds: list[list[tuple[int, int, bool]]],
) -> None:
    ann = person("ann")
    put_on_air(ann)
    people = [person(f"p{i}", 0, 0, None, "mic") for i in range(8)]
    ears = Ears(audio=3, video=0)
    before: set[Player] = set()
    for now, states in enumerate(rounds):
        present = people[: len(states)]
        for player, (x, step, speaks) in zip(present, states, strict=True):
            player.x, player.loudness = x, amplitude(step * 6)
            player.spoke_at = now * 10.0 if speaks else -100.0
        heard = public(ann, *present)
        wishes = public_wishes(ann, heard, ears, now * 10.0)
        ears.assign(*wishes)
        after = {wish.player for wish in ears.audio.slots if wish is not None}
        assert not ears.assign(*public_wishes(ann, heard, ears, now * 10.0)), "the same again is the same"

        def loud(player: Player, now: float = now * 10.0) -> float:
            return player.loudness * gain(player.x) if player.spoke_at == now else 0.0

        out = [player for player in present if player not in after]
        assert all(player.spoke_at < now * 10.0 for player in out) or all(
            player.spoke_at == now * 10.0 for player in after
        ), "nobody silent is heard while a speaker is not"
        for loser in before & set(out):
            for winner in after - before:
                assert loud(winner) >= loud(loser) * LOUDER or not loud(loser)
        before = after


def test_a_voice_that_sways_by_a_step_takes_no_slot_and_gives_none_up() -> None:
    ann = person("ann")
    put_on_air(ann)
    one, other = person("one", 100, 0, None, "mic"), person("other", 100, 0, None, "mic")
    heard = public(ann, one, other)
    ears = Ears(audio=1, video=0)
    for now in range(8):
        one.spoke_at = other.spoke_at = float(now)
        one.loudness, other.loudness = amplitude(24), amplitude(18 if now % 2 else 24)
        ears.assign(*public_wishes(ann, heard, ears, float(now)))
        held = ears.audio.slots[0]
        assert held is not None
        assert held.player is one


# --- rooms -----------------------------------------------------------------------------------------


def test_in_a_room_speakers_rank_first_and_nobody_is_wished_their_own_voice() -> None:
    people = [person(f"p{i:02}", 0, 0, "r", "mic", "camera") for i in range(20)]
    people[17].spoke_at = 100.0
    rank = rank_room(people, 100.5)
    audio, _ = room_wishes(people[0], rank, Ears(audio=3, video=3))
    assert names(audio) == ["p17", "p01", "p02", "p03"]
    audio, _ = room_wishes(people[17], rank, Ears(audio=3, video=3))
    assert names(audio) == ["p00", "p01", "p02", "p03"]


def test_where_more_speak_in_a_room_than_can_be_heard_the_loudest_are_and_stay() -> None:
    people = [person(f"p{i:02}", 0, 0, "r", "mic") for i in range(AUDIO_SLOTS + 6)]
    for player in people:
        player.spoke_at, player.loudness = 10.0, amplitude(24)
    for player in people[-4:]:
        player.loudness = amplitude(6)
    rank = rank_room(people, 10.0)
    assert names(rank.audio)[:4] == ["p14", "p15", "p16", "p17"]
    chosen = set(names(rank.audio)[:AUDIO_SLOTS])
    people[13].loudness = amplitude(18)  # a step louder than those who are heard is not enough
    rank = rank_room(people, 10.0, rank)
    assert set(names(rank.audio)[:AUDIO_SLOTS]) == chosen
    people[13].loudness = amplitude(6)
    rank = rank_room(people, 10.0, rank)
    rank = rank_room(people, 10.0, rank)
    assert "p13" in names(rank.audio)[:AUDIO_SLOTS]


def test_who_spoke_last_keeps_the_rank_after_falling_silent() -> None:
    people = [person(f"p{i}", 0, 0, "r", "mic") for i in range(6)]
    people[4].spoke_at, people[5].spoke_at = 50.0, 60.0
    assert names(rank_room(people, 100.0).audio)[:3] == ["p5", "p4", "p0"]


def test_a_shared_screen_comes_before_faces_and_the_pinned_one_before_all() -> None:
    people = [person(f"p{i}", 0, 0, "r", "camera") for i in range(4)]
    put_on_air(people[3], "camera", "screen")
    rank = rank_room(people, 0.0)
    _, video = room_wishes(people[0], rank, Ears(video=2))
    assert (video[0].source, names(video)[0]) == ("screen", "p3")
    people[0].pinned = "p2"
    _, video = room_wishes(people[0], rank, Ears(video=2))
    assert names(video)[:2] == ["p2", "p3"]
