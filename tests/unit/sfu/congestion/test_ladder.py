"""The steps in which a source can be sent."""

from __future__ import annotations

from sfu.congestion.ladder import ALL_FRAMES, Layer, ladder, within

CAMERA = [
    Layer(True, 150e3, (80e3, 110e3, 150e3, 150e3)),
    Layer(True, 500e3, (260e3, 380e3, 500e3, 500e3)),
    Layer(True, 1500e3, (800e3, 1100e3, 1500e3, 1500e3)),
]


def shapes(layers: list[Layer], screen: bool = False) -> list[tuple[int, int]]:
    return [(step.spatial, step.temporal) for step in ladder(layers, screen)]


def test_the_lowest_layer_has_steps_with_fewer_frames_and_the_others_have_not() -> None:
    assert shapes(CAMERA) == [(0, 0), (0, 1), (0, ALL_FRAMES), (1, ALL_FRAMES), (2, ALL_FRAMES)]
    assert [round(step.bitrate) for step in ladder(CAMERA)] == [80e3, 110e3, 150e3, 500e3, 1500e3]


def test_a_layer_that_does_not_flow_is_taken_for_what_is_usual() -> None:
    steps = ladder([CAMERA[0], Layer(False, 0.0), Layer(False, 0.0)])
    assert [step.bitrate for step in steps[-2:]] == [500e3, 1500e3]
    assert ladder([Layer(True, 0.0)])[0].bitrate == 900e3
    assert ladder([Layer(True, 0.0)], screen=True)[0].bitrate == 1500e3


def test_a_still_picture_is_not_taken_for_a_cheap_one() -> None:
    (step,) = ladder([Layer(True, 20e3)])
    assert (step.bitrate, step.measured) == (0.3 * 900e3, 20e3)
    assert [round(step.measured) for step in ladder(CAMERA[:1])] == [80e3, 110e3, 150e3]
    assert ladder([Layer(False, 20e3)])[0].measured == 0.0


def test_steps_rise_whatever_was_measured() -> None:
    steps = ladder([Layer(True, 400e3), Layer(True, 300e3), Layer(True, 310e3)])
    rates = [step.bitrate for step in steps]
    assert rates == sorted(set(rates))


def test_a_distance_allows_layers_and_a_source_of_one_layer_is_shown_at_any_but_the_edge() -> None:
    steps = ladder(CAMERA)
    assert [within(steps, cap) for cap in (0, 1, 2, 3)] == [0, 3, 4, 5]
    single = ladder([Layer(True, 800e3)])
    assert [within(single, cap) for cap in (0, 1, 3)] == [0, 1, 1]


def test_a_source_without_layers_has_no_steps() -> None:
    assert ladder([]) == ()
