"""The cost of a job in hundredths of units, and its refund."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discord_diffusion.jobs.models import ModelSpec
from discord_diffusion.jobs.parameters import Box, GenerationParameters, SourceImage
from discord_diffusion.jobs.units import Tariff, drawn_steps, refund

TARIFF = Tariff(pixels=512 * 512, steps=25, guidance=7.5)
TWO_CALLS = (
    *("HeunDiscreteScheduler", "KDPM2DiscreteScheduler", "KDPM2AncestralDiscreteScheduler"),
    *("FlowMatchHeunDiscreteScheduler", "DPMSolverSDEScheduler"),
)
sizes = st.integers(1, 512).map(lambda eighth: eighth * 8)
parameters = st.builds(
    GenerationParameters,
    st.just("x"),
    st.just(1),
    st.integers(1, 99),
    st.sampled_from([1.0, 7.5]),
    sizes,
    sizes,
    st.integers(1, 3),
    scheduler=st.sampled_from([None, "PNDMScheduler", *TWO_CALLS]),
    source=st.none()
    | st.builds(SourceImage, st.just("https://x/y"), st.floats(0.01, 1), st.sampled_from([1, 2])),
)


def drawn(**changed: object) -> GenerationParameters:
    plain: dict[str, object] = {
        "prompt": "x", "seed": 1, "steps": 25, "guidance": 7.5, "width": 512, "height": 512,
        "images": 1,
    }  # fmt: skip
    return GenerationParameters(**(plain | changed))  # type: ignore[arg-type]


def source(strength: float, scale: int = 1) -> SourceImage:
    return SourceImage("https://x/y", strength, scale)


@pytest.mark.parametrize(
    ("changed", "hundredths"),
    [
        # Calls of the denoiser x (passes x pictures + 2), and pictures + 1: 102 are a unit.
        ({}, 100),
        ({"images": 2}, 150),
        ({"images": 3}, 200),
        ({"images": 4}, 250),
        ({"steps": 50}, 199),
        ({"steps": 1}, 6),
        # 4 times the pixels are 6.5 times the work of a pass.
        ({"width": 1024, "height": 1024}, 375),
        ({"width": 1024}, 171),
        ({"width": 64, "height": 64}, 51),
        ({"width": 8, "height": 8, "steps": 100, "images": 4}, 198),
        ({"guidance": 1.0}, 76),
        ({"guidance": 1.01}, 100),
        ({"guidance": 0.0, "images": 4}, 152),
        # 49 calls.
        *(({"scheduler": name}, 195) for name in TWO_CALLS),
        ({"scheduler": "HeunDiscreteScheduler", "steps": 1}, 6),
        # 26 calls.
        ({"scheduler": "PNDMScheduler"}, 104),
        ({"scheduler": "PNDMScheduler", "steps": 2}, 14),
        ({"scheduler": "PNDMScheduler", "steps": 1}, 6),
        ({"scheduler": "EulerDiscreteScheduler"}, 100),
        # Another pass encodes the source image.
        ({"source": source(1.0)}, 101),
        ({"source": source(0.6)}, 62),
        ({"source": source(0.6), "images": 4}, 156),
        ({"source": source(0.3, 2)}, 117),
        ({"source": source(0.01)}, 7),
        ({"source": source(0.5), "scheduler": "HeunDiscreteScheduler"}, 94),
        # And one more where a part of it is kept.
        ({"source": replace(source(1.0), mask="https://x/m")}, 102),
        ({"source": replace(source(1.0), box=Box(0, 0, 256, 512))}, 102),
    ],
)
def test_a_job_costs_what_it_makes_the_gpu_do(changed: dict[str, object], hundredths: int) -> None:
    assert TARIFF.cost(drawn(**changed)) == hundredths


@pytest.mark.parametrize(
    "tariff",
    [
        Tariff(64 * 64, 12, 3.0),
        Tariff(1024 * 1024, 30, 5.0, "EulerDiscreteScheduler"),
        Tariff(512 * 512, 4, 0.0, "PNDMScheduler"),
        Tariff(512 * 512, 1, 0.0, "HeunDiscreteScheduler"),
    ],
)
def test_a_picture_with_the_defaults_of_a_deployment_costs_one_unit(tariff: Tariff) -> None:
    side = round(tariff.pixels**0.5)
    default = drawn(width=side, height=side, steps=tariff.steps, guidance=tariff.guidance)
    assert tariff.cost(default) == 100
    assert tariff.cost(replace(default, scheduler=tariff.scheduler)) == 100


def test_the_scheduler_that_draws_is_the_jobs_or_the_models() -> None:
    models = {
        "heun": ModelSpec("x", scheduler="HeunDiscreteScheduler"),
        "plain": ModelSpec("x"),
    }
    tariff = replace(TARIFF, models=models)
    assert tariff.cost(drawn(model="heun")) == 195
    assert tariff.cost(drawn(model="heun", scheduler="EulerDiscreteScheduler")) == 100
    assert tariff.cost(drawn(model="plain")) == 100
    # A default model that is drawn with two calls has them in the unit; others have their own.
    heun = replace(tariff, scheduler="HeunDiscreteScheduler")
    assert heun.cost(drawn()) == 100
    assert heun.cost(drawn(model="plain")) == 52
    assert heun.cost(drawn(scheduler="EulerDiscreteScheduler")) == 52


def test_a_model_costs_as_many_times_more_as_the_deployment_says() -> None:
    models = {
        "large": ModelSpec("x", relative_cost=6.5),
        "small": ModelSpec("x", relative_cost=0.2),
    }
    tariff = replace(TARIFF, models=models)
    assert tariff.cost(drawn(model="large", images=4)) == 1625
    assert tariff.cost(drawn(model="small")) == 20
    assert tariff.cost(drawn(model="gone")) == 100


def test_the_smallest_job_costs_a_hundredth() -> None:
    tariff = Tariff(4096 * 4096, 100, 7.5, models={"small": ModelSpec("x", relative_cost=0.01)})
    assert tariff.cost(drawn(model="small", steps=1, width=8, height=8)) == 1


@pytest.mark.parametrize(
    ("steps", "strength", "count"),
    [(25, 1.0, 25), (25, 0.6, 15), (25, 0.59, 14), (25, 0.01, 1), (1, 0.3, 1), (2, 0.3, 1),
     (4, 0.3, 1), (100, 0.01, 1)],
)  # fmt: skip
def test_the_share_of_the_steps_that_is_drawn_is_rounded_as_the_pipeline_does(
    steps: int, strength: float, count: int
) -> None:
    assert drawn_steps(steps, strength) == count


@given(parameters)
def test_a_larger_request_never_costs_less(one: GenerationParameters) -> None:
    cost = TARIFF.cost(one)
    assert cost >= 1
    assert TARIFF.cost(replace(one, images=one.images + 1)) >= cost
    assert TARIFF.cost(replace(one, steps=one.steps + 1)) >= cost
    assert TARIFF.cost(replace(one, guidance=7.5)) >= cost
    assert TARIFF.cost(replace(one, width=one.width + 8)) >= cost


@pytest.mark.parametrize(
    ("cost", "images", "charged", "back"),
    [(800, 4, 4, 0), (800, 4, 3, 200), (800, 4, 1, 600), (800, 4, 0, 800), (3, 4, 2, 1),
     (7, 2, 1, 3), (800, 4, 5, 0)],
)  # fmt: skip
def test_pictures_that_are_not_paid_for_are_refunded_in_proportion_rounded_down(
    cost: int, images: int, charged: int, back: int
) -> None:
    assert refund(cost, images=images, charged=charged) == back


@given(st.integers(0, 10_000), st.integers(1, 4), st.integers(0, 6))
def test_a_refund_is_never_more_than_was_charged(cost: int, images: int, charged: int) -> None:
    back = refund(cost, images=images, charged=charged)
    assert 0 <= back <= cost
    if charged >= images:
        assert back == 0
