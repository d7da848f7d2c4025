"""Isolation domains: what feeds which slot, and that nothing crosses, in any order of commands."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sfu.forward.contract import Codec
from sfu.routing.router import Operation, ProducerRef, RoutingTable, SlotRef
from signaling.control import Route, SetRoutes
from signaling.messages import Kind, Source

ALICE_MIC, ALICE_CAMERA, BOB_MIC = 11, 12, 21
ANY_CODEC = frozenset(Codec)


def table() -> RoutingTable:
    """Alice sends a mic and a camera and Bob a mic in `hall`; Lisa listens there with slots 901, 902, 911."""
    routing = RoutingTable()
    for session in ("alice", "bob", "lisa"):
        routing.open(session, "hall")
    routing.add_producer("alice", "mic", ProducerRef(ALICE_MIC, Codec.OPUS))
    routing.add_producer("alice", "camera", ProducerRef(ALICE_CAMERA, Codec.VP8))
    routing.add_producer("bob", "mic", ProducerRef(BOB_MIC, Codec.OPUS))
    routing.set_slots(
        "lisa",
        {
            ("audio", 0): SlotRef(901, ANY_CODEC),
            ("audio", 1): SlotRef(902, ANY_CODEC),
            ("video", 0): SlotRef(911, frozenset({Codec.VP8})),
        },
    )
    return routing


def hear(slot: int, session: str, source: Source = "mic", active: bool = True) -> Route:
    kind: Kind = "video" if source in ("camera", "screen") else "audio"
    return Route(kind, slot, session, source, active)


def at(session: str, epoch: int, router: str, *routes: Route) -> SetRoutes:
    return SetRoutes(session, epoch, router, routes)


# --- what is fed -----------------------------------------------------------------------------------


def test_a_wanted_source_of_the_same_router_feeds_the_slot() -> None:
    routing = table()
    operations = routing.apply([at("lisa", 1, "hall", hear(0, "alice"), hear(0, "alice", "camera"))])
    assert sorted(operations) == [(901, ALICE_MIC), (911, ALICE_CAMERA)]


def test_a_source_of_another_router_feeds_nothing_whatever_is_asked() -> None:
    routing = table()
    routing.open("spy", "room")
    routing.set_slots("spy", {("audio", 0): SlotRef(999, ANY_CODEC)})
    assert routing.apply([at("spy", 1, "room", hear(0, "alice"))]) == []
    assert routing.apply([at("spy", 2, "room", hear(0, "alice"), hear(0, "bob"))]) == []


def test_who_is_fed_by_a_session_is_known_and_who_only_might_be_is_not() -> None:
    routing = table()
    routing.apply([at("lisa", 1, "hall", hear(0, "alice"), hear(1, "bob", active=False))])
    assert routing.heard_by("alice") == [("lisa", "mic")]
    assert routing.heard_by("bob") == []
    routing.apply([at("alice", 1, "room")])
    assert routing.heard_by("alice") == []
    assert routing.heard_by("nobody") == []


def test_a_session_can_be_sent_its_own_voice_inside_its_router() -> None:
    routing = table()
    routing.set_slots("alice", {("audio", 0): SlotRef(801, ANY_CODEC)})
    assert routing.apply([at("alice", 1, "hall", hear(0, "alice"))]) == [(801, ALICE_MIC)]
    assert routing.apply([at("alice", 2, "hall")]) == [(801, None)]


def test_a_prewarmed_route_reserves_and_forwards_nothing() -> None:
    routing = table()
    assert routing.apply([at("lisa", 1, "hall", hear(0, "alice", active=False))]) == []
    assert routing.apply([at("lisa", 2, "hall", hear(0, "alice"))]) == [(901, ALICE_MIC)]


def test_a_slot_that_is_named_no_more_falls_silent() -> None:
    routing = table()
    routing.apply([at("lisa", 1, "hall", hear(0, "alice"), hear(1, "bob"))])
    assert routing.apply([at("lisa", 2, "hall", hear(1, "bob"))]) == [(901, None)]


def test_the_same_picture_again_changes_nothing() -> None:
    routing = table()
    routing.apply([at("lisa", 1, "hall", hear(0, "alice"))])
    assert routing.apply([at("lisa", 2, "hall", hear(0, "alice"))]) == []


def test_an_old_or_equal_epoch_is_ignored() -> None:
    routing = table()
    routing.apply([at("lisa", 5, "hall", hear(0, "alice"))])
    assert routing.apply([at("lisa", 5, "hall")]) == []
    assert routing.apply([at("lisa", 4, "room")]) == []
    assert routing.apply([at("lisa", 7, "hall", hear(0, "bob")), at("lisa", 6, "hall")]) == [
        (901, None),
        (901, BOB_MIC),
    ]


def test_a_codec_that_the_listener_does_not_take_feeds_nothing() -> None:
    routing = table()
    routing.add_producer("bob", "camera", ProducerRef(22, Codec.H264))
    assert routing.apply([at("lisa", 1, "hall", hear(0, "bob", "camera"))]) == []


def test_a_source_that_changes_its_codec_feeds_those_who_take_it_and_no_others() -> None:
    routing = table()
    routing.add_producer("bob", "camera", ProducerRef(22, Codec.VP8))
    assert routing.apply([at("lisa", 1, "hall", hear(0, "bob", "camera"))]) == [(911, 22)]
    assert routing.set_codec("bob", "camera", ProducerRef(22, Codec.H264)) == [(911, None)]
    assert routing.set_codec("bob", "camera", ProducerRef(22, Codec.H264)) == []
    assert routing.set_codec("bob", "camera", ProducerRef(99, Codec.VP8)) == []  # an earlier connection's
    assert routing.set_codec("nobody", "camera", ProducerRef(22, Codec.VP8)) == []
    assert routing.set_codec("bob", "camera", ProducerRef(22, Codec.VP8)) == [(911, 22)]


def test_a_route_whose_kind_is_not_its_sources_feeds_nothing() -> None:
    routing = table()
    assert routing.apply([at("lisa", 1, "hall", Route("audio", 0, "alice", "camera"))]) == []


def test_a_source_that_opens_later_is_fed_then_and_one_that_ends_falls_silent() -> None:
    routing = table()
    routing.apply([at("lisa", 1, "hall", hear(0, "bob", "screen_audio"))])
    assert routing.add_producer("bob", "screen_audio", ProducerRef(23, Codec.OPUS)) == [(901, 23)]
    assert routing.remove_producer("bob", "screen_audio", 22) == []  # another one's end
    assert routing.remove_producer("bob", "screen_audio", 23) == [(901, None)]
    assert routing.add_producer("bob", "screen_audio", ProducerRef(24, Codec.OPUS)) == [(901, 24)]


def test_routes_that_are_declared_before_the_slots_are_there_hold_when_they_come() -> None:
    routing = table()
    routing.apply([at("late", 1, "hall", hear(0, "alice"))])
    assert routing.set_slots("late", {("audio", 0): SlotRef(950, ANY_CODEC)}) == [(950, ALICE_MIC)]


# --- moving ----------------------------------------------------------------------------------------


def test_who_moves_to_another_router_is_silent_to_those_left_behind() -> None:
    routing = table()
    routing.apply([at("lisa", 1, "hall", hear(0, "alice"), hear(1, "bob"))])
    assert routing.apply([at("alice", 1, "room")]) == [(901, None)]


def test_who_moves_to_another_router_hears_nobody_of_the_old_one() -> None:
    routing = table()
    routing.apply([at("lisa", 1, "hall", hear(0, "alice"), hear(1, "bob"))])
    assert sorted(routing.apply([at("lisa", 2, "room", hear(0, "alice"))])) == [(901, None), (902, None)]


def test_who_comes_back_is_heard_only_after_a_new_grant() -> None:
    routing = table()
    routing.apply([at("lisa", 1, "hall", hear(0, "alice"))])
    routing.apply([at("alice", 1, "room")])
    assert routing.apply([at("alice", 2, "hall")]) == []
    assert routing.apply([at("lisa", 2, "hall", hear(0, "alice"))]) == [(901, ALICE_MIC)]


def test_a_batch_revokes_before_it_grants_whatever_its_order() -> None:
    """Alice leaves the room that Lisa enters: at no point do they share it."""
    for order in (1, -1):
        routing = table()
        routing.apply([at("alice", 1, "room"), at("bob", 1, "room"), at("lisa", 1, "hall")])
        batch = [
            at("lisa", 2, "room", hear(0, "bob"), hear(1, "alice")),
            at("alice", 2, "hall"),
        ][::order]
        assert routing.apply(batch) == [(901, BOB_MIC)]


def test_two_who_move_together_hear_each_other_at_once() -> None:
    routing = table()
    operations = routing.apply([at("lisa", 1, "room", hear(0, "alice")), at("alice", 1, "room")])
    assert operations == [(901, ALICE_MIC)]


def test_opening_a_connection_does_not_move_who_was_placed_by_the_world() -> None:
    routing = table()
    routing.apply([at("lisa", 1, "hall", hear(0, "alice"))])
    assert routing.open("lisa", "room") == []
    member = routing.member("lisa")
    assert member is not None
    assert member.router == "hall"


def test_a_router_is_gone_with_its_last_member() -> None:
    routing = table()
    routing.apply([at("alice", 1, "room")])
    assert set(routing.routers) == {"hall", "room"}
    routing.close("alice")
    assert set(routing.routers) == {"hall"}
    for session in ("bob", "lisa"):
        routing.close(session)
    assert not routing.routers


def test_closing_a_session_silences_it_and_its_slots() -> None:
    routing = table()
    routing.apply([at("lisa", 1, "hall", hear(0, "alice"))])
    assert routing.close("alice") == [(901, None)]
    routing.open("alice", "hall")
    assert routing.add_producer("alice", "mic", ProducerRef(13, Codec.OPUS)) == [(901, 13)]
    assert routing.close("lisa") == [(901, None)]
    assert routing.close("lisa") == []


def test_sessions_without_media_are_forgotten_when_there_are_too_many() -> None:
    routing = RoutingTable(max_members=10)
    routing.open("alice", "hall")
    routing.add_producer("alice", "mic", ProducerRef(ALICE_MIC, Codec.OPUS))
    for number in range(100):
        routing.apply([at(f"ghost{number}", 1, f"room{number}", hear(0, "alice"))])
    assert routing.member("alice") is not None
    assert routing.member("ghost0") is None
    assert len(routing.routers) <= 10


# --- in any order ----------------------------------------------------------------------------------

NAMES = ("p", "q", "r")
ROUTERS = ("hall", "room", "cell")
PRODUCER = {name: 100 + index for index, name in enumerate(NAMES)}
SLOT = {name: 200 + index for index, name in enumerate(NAMES)}

names = st.sampled_from(NAMES)
change = st.tuples(names, st.sampled_from(ROUTERS), st.none() | names, st.booleans())
step = st.one_of(
    st.tuples(st.just("batch"), st.lists(change, min_size=1, max_size=4)),
    st.tuples(st.sampled_from(["publish", "unpublish", "slots", "unslots", "close"]), names),
    st.tuples(st.just("open"), names, st.sampled_from(ROUTERS)),
)


@given(st.lists(step, max_size=40))
@settings(deadline=None)
def test_no_sequence_of_commands_lets_a_packet_cross(steps: list[tuple[object, ...]]) -> None:
    """After every single operation, who feeds a slot stands in the router of its listener and is wanted."""
    routing = RoutingTable()
    plane: dict[int, int] = {}
    epoch = 0

    def follow(operations: list[Operation]) -> None:
        granting = False
        for slot, producer in operations:
            if producer is None:
                assert not granting, "a revocation after a grant"
                plane.pop(slot, None)
            else:
                granting = True
                plane[slot] = producer
                listener = routing.member(NAMES[slot - 200])
                speaker = routing.member(NAMES[producer - 100])
                assert listener is not None
                assert speaker is not None
                assert listener.router == speaker.router
            if granting:
                check()

    def check() -> None:
        for slot, producer in plane.items():
            listener, speaker = routing.member(NAMES[slot - 200]), routing.member(NAMES[producer - 100])
            assert listener is not None
            assert speaker is not None
            assert listener.router == speaker.router
            assert listener.wanted["audio", 0].session == speaker.session
            assert listener.wanted["audio", 0].active

    for action, *arguments in steps:
        if action == "batch":
            changes = []
            for name, router, wanted, active in arguments[0]:  # type: ignore[attr-defined]
                epoch += 1
                routes = (Route("audio", 0, wanted, "mic", active),) if wanted else ()
                changes.append(SetRoutes(name, epoch, router, routes))
            follow(routing.apply(changes))
        elif action == "open":
            follow(routing.open(str(arguments[0]), str(arguments[1])))
        else:
            name = str(arguments[0])
            if action == "close":
                follow(routing.close(name))
            elif action == "unpublish":
                follow(routing.remove_producer(name, "mic", PRODUCER[name]))
            elif action == "unslots":
                follow(routing.clear_slots(name))
            elif routing.member(name) is not None and action == "publish":
                follow(routing.remove_producer(name, "mic", PRODUCER[name]))
                follow(routing.add_producer(name, "mic", ProducerRef(PRODUCER[name], Codec.OPUS)))
            elif routing.member(name) is not None:
                follow(routing.clear_slots(name))
                follow(routing.set_slots(name, {("audio", 0): SlotRef(SLOT[name], ANY_CODEC)}))
        check()
        fed = {
            member.slots[key].handle: producer
            for router in routing.routers.values()
            for member in router.members.values()
            for key, producer in member.fed.items()
        }
        assert plane == fed
