"""ICE-lite (RFC 8445 §2.5, §7.3) as one UDP port sees it: bytes and time in, replies and events out."""

from __future__ import annotations

import struct
import zlib

import pytest
from aioice import stun as aioice_stun

from sfu.transport import stun
from sfu.transport.ice import (
    CONSENT_SECONDS,
    DATAGRAMS_SECONDS,
    ERRORS_PER_SECOND,
    HELD_SECONDS,
    MAX_ADDRESSES,
    STREAM_WAIT_SECONDS,
    IceResponder,
    Nominated,
)
from tests.support import stun_client
from tests.support.stun_client import check

UFRAG, PASSWORD = "serverufrag", "a-password-of-some-length-0123"
OTHER_UFRAG, OTHER_PASSWORD = "otherufrag", "another-password-of-length-012"
HOME = ("192.0.2.7", 40000)
AWAY = ("198.51.100.9", 50000)
SIX = ("2001:db8::5", 4444)


@pytest.fixture
def ice() -> IceResponder:
    responder = IceResponder()
    responder.add(1, UFRAG, PASSWORD, now=0.0)
    return responder


def error_of(reply: bytes | None) -> int:
    assert reply is not None
    return int(stun_client.parse(reply).attributes["ERROR-CODE"][0])


# --- checks that are right -------------------------------------------------------------------------


@pytest.mark.parametrize("address", [HOME, SIX], ids=["IPv4", "IPv6"])
def test_a_signed_check_is_answered_with_the_address_that_it_came_from(
    ice: IceResponder, address: tuple[str, int]
) -> None:
    transaction = bytes(range(12))
    outcome = ice.receive(check(UFRAG, PASSWORD, transaction=transaction), address, 1.0)
    assert outcome.reply is not None
    reply = stun_client.parse(outcome.reply, PASSWORD)
    assert reply.message_class is aioice_stun.Class.RESPONSE
    assert reply.transaction_id == transaction
    assert reply.attributes["XOR-MAPPED-ADDRESS"] == address
    assert outcome.reply[-8:-4] == struct.pack("!HH", stun.FINGERPRINT, 4)


def test_an_ipv4_client_on_a_dual_stack_socket_is_told_its_ipv4_address(ice: IceResponder) -> None:
    outcome = ice.receive(check(UFRAG, PASSWORD), ("::ffff:192.0.2.7", 40000), 1.0)
    assert outcome.reply is not None
    assert stun_client.parse(outcome.reply, PASSWORD).attributes["XOR-MAPPED-ADDRESS"] == HOME


def test_a_check_without_use_candidate_nominates_nothing(ice: IceResponder) -> None:
    outcome = ice.receive(check(UFRAG, PASSWORD, nominate=False), HOME, 1.0)
    assert outcome.reply is not None
    assert outcome.event is None
    assert ice.nominated(1) is None


def test_use_candidate_nominates_once(ice: IceResponder) -> None:
    first = ice.receive(check(UFRAG, PASSWORD), HOME, 1.0)
    again = ice.receive(check(UFRAG, PASSWORD), HOME, 2.0)
    assert first.event == Nominated(1, HOME, previous=None)
    assert again.event is None
    assert again.reply is not None


def test_a_nomination_from_elsewhere_moves_the_peer(ice: IceResponder) -> None:
    ice.receive(check(UFRAG, PASSWORD), HOME, 1.0)
    assert ice.receive(check(UFRAG, PASSWORD), AWAY, 2.0).event == Nominated(1, AWAY, previous=HOME)
    assert ice.nominated(1) == AWAY


def test_after_a_restart_both_credentials_are_answered_until_the_new_ones_nominate(ice: IceResponder) -> None:
    ice.receive(check(UFRAG, PASSWORD), HOME, 1.0)
    ice.restart(1, OTHER_UFRAG, OTHER_PASSWORD)
    assert ice.receive(check(UFRAG, PASSWORD), HOME, 2.0).reply is not None
    looking = ice.receive(check(OTHER_UFRAG, OTHER_PASSWORD, nominate=False), AWAY, 2.0)
    assert looking.reply is not None
    stun_client.parse(looking.reply, OTHER_PASSWORD)
    assert (looking.event, ice.nominated(1)) == (None, HOME)
    moved = ice.receive(check(OTHER_UFRAG, OTHER_PASSWORD), AWAY, 2.1)
    assert moved.event == Nominated(1, AWAY, previous=HOME)
    late = ice.receive(check(UFRAG, PASSWORD), HOME, 2.2)  # the old way is not gone yet
    assert late.reply is not None
    stun_client.parse(late.reply, PASSWORD)
    assert (late.event, ice.nominated(1)) == (None, AWAY)


def test_a_restart_may_stay_on_the_same_way(ice: IceResponder) -> None:
    ice.receive(check(UFRAG, PASSWORD), HOME, 1.0)
    ice.restart(1, OTHER_UFRAG, OTHER_PASSWORD)
    assert ice.receive(check(OTHER_UFRAG, OTHER_PASSWORD), HOME, 2.0).event is None
    assert ice.receive(check(UFRAG, PASSWORD), AWAY, 3.0).event is None  # it nominates no more
    assert ice.nominated(1) == HOME


def test_a_peer_has_two_credentials_at_most_and_a_restart_before_it_nominated_is_forgotten(
    ice: IceResponder,
) -> None:
    ice.receive(check(UFRAG, PASSWORD), HOME, 1.0)
    for number in range(50):
        ice.restart(1, f"again{number}", OTHER_PASSWORD)
    for number in range(49):
        assert ice.receive(check(f"again{number}", OTHER_PASSWORD), AWAY, 2.0).reply is None
    assert ice.receive(check(UFRAG, PASSWORD), HOME, 2.0).reply is not None
    assert ice.receive(check("again49", OTHER_PASSWORD), AWAY, 2.0).event is not None
    ice.restart(1, "last", OTHER_PASSWORD)
    assert ice.receive(check(UFRAG, PASSWORD), HOME, 3.0).reply is None
    ice.remove(1)
    for ufrag in ("again49", "last"):
        assert ice.receive(check(ufrag, OTHER_PASSWORD), AWAY, 4.0).reply is None


def test_credentials_do_not_mix(ice: IceResponder) -> None:
    ice.restart(1, OTHER_UFRAG, OTHER_PASSWORD)
    assert error_of(ice.receive(check(UFRAG, OTHER_PASSWORD), HOME, 1.0).reply) == 401
    assert error_of(ice.receive(check(OTHER_UFRAG, PASSWORD), HOME, 1.0).reply) == 401
    with pytest.raises(ValueError, match="in use"):
        ice.restart(1, UFRAG, PASSWORD)
    with pytest.raises(ValueError, match="not known"):
        ice.restart(2, "third", PASSWORD)


def test_tcp_is_answered_only_when_datagrams_had_their_chance(ice: IceResponder) -> None:
    early = ice.receive(check(UFRAG, PASSWORD), AWAY, STREAM_WAIT_SECONDS / 2, stream=True)
    assert (early.reply, early.event) == (None, None)
    later = ice.receive(check(UFRAG, PASSWORD), AWAY, STREAM_WAIT_SECONDS, stream=True)
    assert later.event == Nominated(1, AWAY)


def test_who_is_reached_by_datagrams_is_not_answered_over_tcp(ice: IceResponder) -> None:
    ice.receive(check(UFRAG, PASSWORD), HOME, 1.0)
    assert ice.receive(check(UFRAG, PASSWORD), AWAY, 1.0 + DATAGRAMS_SECONDS, stream=True).reply is None
    assert ice.nominated(1) == HOME
    assert ice.dropped["stun_stream_not_needed"] == 1


def test_who_is_not_reached_by_datagrams_any_more_may_come_over_tcp_and_back(ice: IceResponder) -> None:
    ice.receive(check(UFRAG, PASSWORD), HOME, 1.0)
    late = 1.1 + DATAGRAMS_SECONDS
    assert ice.receive(check(UFRAG, PASSWORD), AWAY, late, stream=True).event == Nominated(1, AWAY, HOME)
    assert ice.receive(check(UFRAG, PASSWORD), AWAY, late + 1, stream=True).reply is not None
    assert ice.receive(check(UFRAG, PASSWORD), HOME, late + 2).event == Nominated(1, HOME, AWAY)
    assert ice.receive(check(UFRAG, PASSWORD), AWAY, late + 3, stream=True).reply is None


def test_addresses_of_a_peer_are_bounded_and_the_nominated_one_stays(ice: IceResponder) -> None:
    ice.receive(check(UFRAG, PASSWORD), HOME, 1.0)
    for port in range(1000, 1100):
        ice.receive(check(UFRAG, PASSWORD, nominate=False), ("192.0.2.7", port), 2.0)
    assert len(ice.addresses(1)) == MAX_ADDRESSES
    assert HOME in ice.addresses(1)


# --- consent (RFC 7675) ----------------------------------------------------------------------------


def test_a_peer_that_keeps_checking_its_path_never_expires(ice: IceResponder) -> None:
    now = 0.0
    while now < 10 * CONSENT_SECONDS:
        ice.receive(check(UFRAG, PASSWORD), HOME, now)
        now += 2.5
        assert ice.expired(now) == []


def test_a_peer_whose_checks_cease_expires(ice: IceResponder) -> None:
    ice.receive(check(UFRAG, PASSWORD), HOME, 5.0)
    assert ice.expired(5.0 + CONSENT_SECONDS) == []
    assert ice.expired(5.1 + CONSENT_SECONDS) == [1]


def test_a_peer_that_never_came_does_not_expire_here(ice: IceResponder) -> None:
    assert ice.expired(1000.0) == []


def test_forged_checks_are_no_consent(ice: IceResponder) -> None:
    ice.receive(check(UFRAG, PASSWORD), HOME, 0.0)
    ice.receive(check(UFRAG, "not-the-password-0123456789"), HOME, 29.0)
    assert ice.expired(31.0) == [1]


# --- checks that are wrong -------------------------------------------------------------------------


def test_an_unknown_ufrag_gets_no_answer(ice: IceResponder) -> None:
    assert ice.receive(check("stranger", PASSWORD), HOME, 1.0).reply is None
    assert ice.dropped["stun_unknown_ufrag"] == 1


def test_a_wrong_password_is_unauthorised_and_nominates_nothing(ice: IceResponder) -> None:
    outcome = ice.receive(check(UFRAG, "not-the-password-0123456789"), HOME, 1.0)
    assert error_of(outcome.reply) == 401
    assert outcome.event is None
    assert ice.nominated(1) is None


def test_a_check_without_integrity_is_a_bad_request(ice: IceResponder) -> None:
    outcome = ice.receive(stun_client.unsigned(UFRAG), HOME, 1.0)
    assert error_of(outcome.reply) == 400
    assert ice.nominated(1) is None


def test_a_check_without_fingerprint_gets_no_answer(ice: IceResponder) -> None:
    assert ice.receive(stun_client.unsigned(UFRAG, fingerprint=False), HOME, 1.0).reply is None


def test_a_peer_that_believes_itself_controlled_is_told_of_the_conflict(ice: IceResponder) -> None:
    outcome = ice.receive(check(UFRAG, PASSWORD, controlled=True), HOME, 1.0)
    assert error_of(outcome.reply) == 487
    assert outcome.event is None
    assert outcome.reply is not None
    stun_client.parse(outcome.reply, PASSWORD)  # signed, for the sender has shown the password


def test_an_attribute_that_must_be_understood_and_is_not_is_named_back(ice: IceResponder) -> None:
    request = stun.build(
        stun.BINDING_REQUEST,
        bytes(12),
        [(stun.USERNAME, f"{UFRAG}:peer".encode()), (stun.USE_CANDIDATE, b""), (0x7777, bytes(4))],
        PASSWORD.encode(),
    )
    outcome = ice.receive(request, HOME, 1.0)
    assert error_of(outcome.reply) == 420
    assert outcome.reply is not None
    parsed = stun.parse(outcome.reply)
    assert parsed is not None
    assert parsed.attributes[stun.UNKNOWN_ATTRIBUTES] == b"\x77\x77"
    assert ice.nominated(1) is None


def test_a_changed_bit_anywhere_makes_a_check_worthless(ice: IceResponder) -> None:
    good = check(UFRAG, PASSWORD)
    for position in range(len(good) * 8):
        bad = bytearray(good)
        bad[position // 8] ^= 1 << position % 8
        assert ice.receive(bytes(bad), HOME, float(position)).event is None
    assert ice.nominated(1) is None
    assert ice.receive(good, HOME, 1e6).event is not None


def test_every_truncation_of_a_check_is_worthless(ice: IceResponder) -> None:
    good = check(UFRAG, PASSWORD)
    for length in range(len(good)):
        outcome = ice.receive(good[:length], HOME, 1.0)
        assert outcome.reply is None
        assert outcome.event is None


def test_what_stands_behind_the_integrity_counts_for_nothing(ice: IceResponder) -> None:
    """RFC 8489 §14.5: an attacker may append USE-CANDIDATE to a check that it has seen."""
    seen = check(UFRAG, PASSWORD, nominate=False)[:-8]  # without its FINGERPRINT
    longer = seen[:2] + struct.pack("!H", len(seen) - 20 + 4 + 8) + seen[4:]
    longer += struct.pack("!HH", stun.USE_CANDIDATE, 0)
    fingerprint = zlib.crc32(longer) ^ 0x5354554E
    forged = longer + struct.pack("!HHI", stun.FINGERPRINT, 4, fingerprint)
    assert stun.parse(forged) is not None
    assert ice.receive(forged, HOME, 1.0).event is None


def test_responses_and_indications_are_not_answered(ice: IceResponder) -> None:
    for kind in (stun.BINDING_SUCCESS, stun.BINDING_ERROR, 0x0011):
        message = stun.build(kind, bytes(12), [(stun.USERNAME, f"{UFRAG}:peer".encode())], PASSWORD.encode())
        assert ice.receive(message, HOME, 1.0).reply is None


# --- nobody is flooded through us ------------------------------------------------------------------


def test_no_error_reply_is_longer_than_what_it_answers(ice: IceResponder) -> None:
    answered = 0
    for data in (
        check(UFRAG, "wrong-password-0123456789"),
        stun_client.unsigned(UFRAG),
        check(UFRAG, PASSWORD, controlled=True),
        stun.build(stun.BINDING_REQUEST, bytes(12), [(stun.USERNAME, f"{UFRAG}:".encode())], None),
    ):
        outcome = ice.receive(data, HOME, 1.0)
        if outcome.reply is not None:
            answered += 1
            assert len(outcome.reply) <= len(data)
    assert answered == 4


def test_error_replies_are_rationed(ice: IceResponder) -> None:
    flood = check(UFRAG, "wrong-password-0123456789")
    replies = sum(ice.receive(flood, HOME, 1.0).reply is not None for _ in range(1000))
    assert replies == ERRORS_PER_SECOND
    assert ice.receive(check(UFRAG, PASSWORD), HOME, 1.0).reply is not None


def test_the_address_of_a_living_peer_cannot_be_taken_by_another(ice: IceResponder) -> None:
    ice.add(2, OTHER_UFRAG, OTHER_PASSWORD, now=0.0)
    ice.receive(check(UFRAG, PASSWORD), HOME, 1.0)
    thief = ice.receive(check(OTHER_UFRAG, OTHER_PASSWORD), HOME, 2.0)
    assert thief.event is None
    assert thief.reply is None
    assert ice.nominated(1) == HOME


def test_the_address_of_a_peer_that_fell_silent_can_be_used_again(ice: IceResponder) -> None:
    ice.add(2, OTHER_UFRAG, OTHER_PASSWORD, now=0.0)
    ice.receive(check(UFRAG, PASSWORD), HOME, 1.0)
    later = 1.0 + HELD_SECONDS
    event = ice.receive(check(OTHER_UFRAG, OTHER_PASSWORD), HOME, later).event
    assert event == Nominated(2, HOME, previous=None, displaced=1)
    assert ice.nominated(1) is None
    assert 1 in ice.expired(2.0 + CONSENT_SECONDS)


def test_a_removed_peer_is_a_stranger(ice: IceResponder) -> None:
    ice.receive(check(UFRAG, PASSWORD), HOME, 1.0)
    ice.remove(1)
    ice.remove(1)
    assert ice.receive(check(UFRAG, PASSWORD), HOME, 2.0).reply is None
    assert ice.expired(1000.0) == []


def test_a_ufrag_stands_for_one_peer(ice: IceResponder) -> None:
    with pytest.raises(ValueError, match="in use"):
        ice.add(2, UFRAG, OTHER_PASSWORD, now=0.0)
    with pytest.raises(ValueError, match="in use"):
        ice.add(1, OTHER_UFRAG, OTHER_PASSWORD, now=0.0)
