"""The cost of a request in units, and its refund."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discord_diffusion.jobs.parameters import GenerationParameters, SourceImage
from discord_diffusion.jobs.units import cost, refund

sizes = st.integers(1, 512).map(lambda eighth: eighth * 8)
parameters = st.builds(
    GenerationParameters,
    st.just("x"),
    st.just(1),
    st.integers(1, 100),
    st.just(7.5),
    sizes,
    sizes,
    st.integers(1, 4),
    source=st.none()
    | st.builds(SourceImage, st.just("https://x/y"), st.floats(0.01, 1), st.sampled_from([1, 2])),
)


def drawn(**changed: object) -> GenerationParameters:
    plain: dict[str, object] = {
        "prompt": "x", "seed": 1, "steps": 25, "guidance": 7.5, "width": 512, "height": 512,
        "images": 1,
    }  # fmt: skip
    return GenerationParameters(**(plain | changed))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "units"),
    [
        ({}, 1),
        ({"images": 4}, 4),
        ({"steps": 50}, 2),
        ({"steps": 26}, 2),
        ({"width": 1024, "height": 1024}, 4),
        ({"width": 64, "height": 64, "images": 4}, 1),
        ({"source": SourceImage("https://x/y", 0.5, 2)}, 2),
        ({"source": SourceImage("https://x/y", 0.1)}, 1),
        ({"source": SourceImage("https://x/y", 1.0)}, 1),
        ({"source": SourceImage("https://x/y", 1.0, 2)}, 4),
        ({"source": SourceImage("https://x/y", 1.0), "images": 3}, 3),
    ],
)
def test_a_unit_is_one_picture_of_512_with_25_steps(changed: dict[str, object], units: int) -> None:
    assert cost(drawn(**changed)) == units


@given(parameters)
def test_a_larger_request_never_costs_less(one: GenerationParameters) -> None:
    assert cost(one) >= 1
    assert cost(replace(one, images=4)) >= cost(one)
    assert cost(replace(one, steps=100)) >= cost(one)


@pytest.mark.parametrize(
    ("units", "images", "filtered", "back"),
    [(8, 4, 0, 0), (8, 4, 1, 2), (8, 4, 3, 6), (8, 4, 4, 8), (3, 4, 2, 1), (7, 2, 1, 3)],
)
def test_pictures_that_were_held_back_are_refunded_in_proportion_rounded_down(
    units: int, images: int, filtered: int, back: int
) -> None:
    assert refund(units, images=images, charged=images - filtered) == back


@given(st.integers(0, 10_000), st.integers(1, 4), st.integers(0, 6))
def test_a_refund_is_never_more_than_was_charged(units: int, images: int, charged: int) -> None:
    back = refund(units, images=images, charged=charged)
    assert 0 <= back <= units
    if charged >= images:
        assert back == 0


def test_a_job_of_which_nothing_is_charged_is_refunded_whole() -> None:
    assert refund(8, images=4, charged=0) == 8
