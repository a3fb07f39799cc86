"""The same seed makes the same picture in any batch: on the CPU to the last bit."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import diffusers
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from discord_diffusion.jobs.options import SCHEDULERS
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.worker.pipeline.capacity import CPU_PICTURES
from discord_diffusion.worker.pipeline.generator import DiffusersGenerator
from discord_diffusion.worker.pipeline.loaded_model import scheduler_choices
from discord_diffusion.worker.pipeline_types import GenerationRequest
from tests.unit.worker.fakes import make_parameters
from tests.unit.worker.pipeline.drawing import draw, draw_all, load
from tests.unit.worker.pipeline.faults import default_model

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
"""diffusers' schedulers raise thousands of them."""

EMBEDDED = Path(__file__).parents[4] / "fixtures" / "model" / "tiny"
PROMPTS = ("a red circle on a blue background", "a green star", "x", "two hearts, yellow")
ONE = make_parameters(prompt=PROMPTS[0], seed=77, width=64, height=64, images=1, steps=2)
SMALL = replace(ONE, width=32, height=32)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """The number of threads holds for the whole process, and other tests change it."""
    torch.set_num_threads(1)


@cache
def generator(threads: str) -> DiffusersGenerator:
    return load(EMBEDDED, TORCH_THREADS=threads)


@pytest.fixture(scope="module")
def toy(tiny_model_folder: Path) -> DiffusersGenerator:
    """A model whose steps take little time, with the embedded one's scheduler."""
    loaded = load(tiny_model_folder)
    scheduler = diffusers.DPMSolverMultistepScheduler
    default_model(loaded).own_scheduler = scheduler.from_pretrained(EMBEDDED, subfolder="scheduler")
    return loaded


@cache
def alone(threads: str, parameters: GenerationParameters) -> bytes:
    torch.set_num_threads(int(threads))
    return picture(generator(threads), parameters)


def picture(drawer: DiffusersGenerator, parameters: GenerationParameters) -> bytes:
    return draw(drawer, parameters).pictures[0].image.tobytes()


def among_others(
    drawer: DiffusersGenerator,
    parameters: GenerationParameters,
    before: list[int],
    after: list[int],
) -> bytes:
    """The picture drawn between jobs of so many pictures each."""

    def other_job(images: int, place: int) -> GenerationRequest:
        prompt = PROMPTS[(images + place) % len(PROMPTS)]
        return GenerationRequest(replace(parameters, prompt=prompt, seed=place, images=images))

    first = [other_job(images, place) for place, images in enumerate(before)]
    last = [other_job(images, 100 + place) for place, images in enumerate(after)]
    requests = [*first, GenerationRequest(parameters), *last]
    made = draw_all(drawer, requests)
    return made[len(first)].pictures[0].image.tobytes()


counts = st.lists(st.integers(1, 4), max_size=2)


@pytest.mark.parametrize("threads", ["1", "2"])
@settings(max_examples=4, deadline=None, derandomize=True)
@given(before=counts, after=counts, guidance=st.sampled_from((1.0, 3.0)))
def test_a_picture_is_the_same_alone_and_in_any_batch(
    threads: str, before: list[int], after: list[int], guidance: float
) -> None:
    parameters = replace(ONE, guidance=guidance)
    expected = alone(threads, parameters)
    torch.set_num_threads(int(threads))
    assert among_others(generator(threads), parameters, before, after) == expected


@pytest.mark.parametrize(
    "scheduler",
    [
        "DDPMScheduler",
        "EulerAncestralDiscreteScheduler",
        "KDPM2AncestralDiscreteScheduler",
        "HeunDiscreteScheduler",
        "PNDMScheduler",
        "UniPCMultistepScheduler",
    ],
)
def test_a_picture_is_the_same_in_a_batch_when_its_scheduler_adds_noise_or_keeps_history(
    toy: DiffusersGenerator, scheduler: str
) -> None:
    parameters = replace(SMALL, steps=3, scheduler=scheduler)
    assert among_others(toy, parameters, [2], [1]) == picture(toy, parameters)


def test_a_batch_above_the_capacity_is_drawn_in_several_passes() -> None:
    requests = [GenerationRequest(replace(ONE, seed=seed, images=4)) for seed in (1, 11, 21)]
    steps: list[tuple[int, int]] = []
    made = draw_all(generator("1"), requests, lambda done, total, _: steps.append((done, total)))
    assert generator("1").capacity(ONE) == CPU_PICTURES
    assert steps == [(done + 1, 2 * ONE.steps) for done in range(2 * ONE.steps)]
    assert [len(generation.pictures) for generation in made] == [4, 4, 4]


def test_the_capacity_falls_with_the_size_of_pictures_but_is_at_least_one() -> None:
    loaded = generator("1")
    assert loaded.capacity(replace(ONE, width=128)) == CPU_PICTURES // 2
    assert loaded.capacity(replace(ONE, width=4096, height=4096)) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"width": 72},
        {"steps": 5},
        {"guidance": 4.0},
        {"scheduler": "DDIMScheduler"},
        {"model": "other"},
        {"negative_prompt": "blue"},
    ],
)
def test_the_batch_key_holds_everything_that_a_pass_has_in_common(
    change: dict[str, object],
) -> None:
    loaded = generator("1")
    other = replace(ONE, **change)  # type: ignore[arg-type]  # any field
    assert loaded.batch_key(other) != loaded.batch_key(ONE)
    assert loaded.batch_key(replace(ONE, prompt="z", seed=1, images=3)) == loaded.batch_key(ONE)


def test_the_jobs_scheduler_is_named_with_its_pictures() -> None:
    own = draw(generator("1"), ONE)
    other = draw(generator("1"), replace(ONE, scheduler="EulerDiscreteScheduler"))
    assert own.model.scheduler == "DPMSolverMultistepScheduler"
    assert other.model.scheduler == "EulerDiscreteScheduler"
    assert own.pictures[0].image.tobytes() != other.pictures[0].image.tobytes()


@pytest.mark.parametrize("name", SCHEDULERS)
def test_every_scheduler_that_the_command_offers_draws(toy: DiffusersGenerator, name: str) -> None:
    for steps in (1, 2, 5):
        made = draw(toy, replace(SMALL, scheduler=name, steps=steps))
        assert made.model.scheduler == name
        assert len(made.pictures) == ONE.images


def test_a_job_may_not_choose_a_scheduler_whose_noise_ignores_the_seeds() -> None:
    model = default_model(generator("1"))
    assert "DPMSolverSDEScheduler" not in scheduler_choices(model.own_scheduler)
