"""Which codec a publisher is asked for: who is there, who comes and goes, and publishers that do not heed."""

from __future__ import annotations

from collections import Counter

from sfu.forward.contract import Codec
from sfu.routing.codec_choice import HEEDED, OBEY_SECONDS, QUIET_SECONDS, Audience, CodecChoice

VP8, H264, VP9, AV1 = Codec.VP8, Codec.H264, Codec.VP9, Codec.AV1
ALL = frozenset({VP8, H264, VP9, AV1})
STEP = 0.2


def audience(*listeners: frozenset[Codec]) -> Audience:
    return Audience(len(listeners), Counter(codec for codecs in listeners for codec in codecs))


def only(*codecs: Codec) -> frozenset[Codec]:
    return frozenset(codecs)


class Publisher:
    """One that does what it is told, or keeps to what it sends."""

    def __init__(self, *accepted: Codec, heeds: bool = True) -> None:
        self.now = 100.0
        self.choice = CodecChoice(accepted or (VP8, H264, VP9, AV1))
        self.sent = self.choice.told
        self.heeds = heeds
        self.sends = True
        self.told: list[Codec] = []

    def run(self, seconds: float, *listeners: frozenset[Codec]) -> list[Codec]:
        """What it was told in this time."""
        told = []
        for _ in range(round(seconds / STEP)):
            if self.choice.look(audience(*listeners), self.sent, self.sends, self.now):
                told.append(self.choice.told)
                self.sent = self.choice.told if self.heeds else self.sent
            self.now += STEP
        self.told += told
        return told


def test_nobody_and_those_who_decode_all_get_the_preferred_codec() -> None:
    publisher = Publisher()
    assert publisher.run(60, *[ALL] * 3) == []
    assert publisher.run(60) == []
    assert publisher.choice.preferred
    assert not publisher.choice.waiting


def test_who_cannot_decode_it_is_heeded_at_once_and_the_others_see_on() -> None:
    publisher = Publisher()
    publisher.run(1, ALL, ALL)
    assert publisher.run(STEP, ALL, ALL, only(VP9, H264)) == [H264]
    assert publisher.run(60, ALL, ALL, only(VP9, H264)) == []
    assert not publisher.choice.preferred


def test_the_preferred_codec_is_back_after_a_quiet_time() -> None:
    publisher = Publisher()
    publisher.run(1, ALL, only(H264))
    assert publisher.run(QUIET_SECONDS - 1, ALL) == []
    assert publisher.choice.waiting
    assert publisher.run(2, ALL) == [VP8]
    assert not publisher.choice.waiting


def test_somebody_who_comes_and_goes_holds_the_codec_that_suits_all() -> None:
    publisher = Publisher()
    for _ in range(20):
        publisher.run(3, ALL, only(H264))
        publisher.run(QUIET_SECONDS - 2, ALL)
    assert publisher.told == [H264]


def test_a_change_to_the_last_codec_that_is_left_needs_no_quiet_time() -> None:
    publisher = Publisher()
    publisher.run(5, ALL, only(H264))
    assert publisher.run(STEP, ALL, only(H264, AV1), only(AV1)) == [AV1]


def test_two_who_take_turns_cost_a_change_in_a_quiet_time_before_long() -> None:
    publisher = Publisher(VP8, H264)
    for _ in range(100):
        publisher.run(STEP, only(VP8))
        publisher.run(STEP, only(H264))
    assert 1 < len(publisher.told) <= HEEDED + 40 / QUIET_SECONDS


def test_one_who_says_another_codec_each_time_takes_the_picture_from_the_others_seldom() -> None:
    publisher = Publisher(VP8, H264)
    for _ in range(150):
        publisher.run(2, ALL, ALL, only(H264))
        publisher.run(2, ALL, ALL, only(VP8))
    assert len(publisher.told) <= HEEDED + 600 / QUIET_SECONDS
    publisher.run(60, ALL, ALL)
    assert publisher.choice.preferred


def test_where_no_codec_suits_all_nobody_loses_the_picture_before_a_quiet_time() -> None:
    publisher = Publisher(VP8, H264)
    split = only(VP8), only(H264), only(H264)
    assert publisher.run(QUIET_SECONDS - 1, *split) == []
    assert publisher.run(2, *split) == [H264]  # for most of them
    assert publisher.run(60, *split) == []


def test_where_no_codec_suits_more_than_another_the_preferred_one_stays() -> None:
    publisher = Publisher(VP8, H264)
    assert publisher.run(60, only(VP8), only(H264)) == []


def test_who_decodes_nothing_of_it_changes_nothing() -> None:
    publisher = Publisher(VP8, H264)
    assert publisher.run(60, ALL, only(AV1)) == []
    assert publisher.run(60, only(AV1)) == []


def test_a_publisher_that_does_not_heed_is_asked_once_for_each_codec_and_then_left_alone() -> None:
    publisher = Publisher(VP8, H264, VP9, heeds=False)
    assert publisher.run(OBEY_SECONDS - 1, only(H264)) == [H264]
    assert publisher.run(60, only(H264)) == [VP8]
    assert publisher.run(60, only(H264, VP9)) == [VP9, VP8]
    assert publisher.run(600, only(H264, VP9)) == []
    assert not publisher.choice.waiting


def test_a_publisher_that_does_not_send_has_refused_nothing() -> None:
    publisher = Publisher(VP8, H264, heeds=False)
    publisher.sends = False
    assert publisher.run(60, only(H264)) == [H264]
    publisher.sends, publisher.sent = True, H264
    assert publisher.run(60, only(H264)) == []


def test_one_that_falls_back_by_itself_is_not_asked_again_until_it_sends_that_after_all() -> None:
    publisher = Publisher(VP8, H264)
    publisher.run(5, only(H264))
    publisher.heeds, publisher.sent = False, VP8  # its encoder has failed
    assert publisher.run(60, only(H264)) == [VP8]
    publisher.sent = H264
    assert publisher.run(STEP, only(H264)) == [H264]


def test_a_publisher_of_one_codec_is_never_told() -> None:
    publisher = Publisher(H264)
    assert publisher.run(60, only(VP8)) == []
