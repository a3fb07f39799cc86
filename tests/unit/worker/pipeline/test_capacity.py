"""How many pictures go through the networks at a time, by the time and memory of trials."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch

from discord_diffusion.worker.pipeline.capacity import (
    Capacity,
    Draw,
    GpuMeter,
    Limits,
    Trial,
)
from discord_diffusion.worker.pipeline_types import OnStep
from tests.unit.worker.fakes import make_settings

GB = 10**9
T4 = {1: 1 / 6.9, 2: 2 / 7.1, 4: 1 / 1.79, 8: 8 / 7.1, 16: 2.34}
"""Seconds a step of Stable Diffusion 1.5 at 512 pixels: published for 1, 4 and 16 pictures.
https://github.com/huggingface/diffusers docs/source/en/optimization/torch2.0.md before be2fb77"""
LIMITS = Limits(pixels=64, steps=25, pictures=16, seconds=1000.0)


@dataclass
class Gpu:
    """A GPU on which a step of so many pictures takes that time, and each picture that memory."""

    seconds: Callable[[int], float] = lambda _count: 1.0
    denoiser: int = 100
    decoder: int = 0
    """Bytes for each further picture."""
    total: int = 10_000
    weights: int = 100
    decoded: int = 0
    """Bytes that the decoder takes whatever the number of pictures."""
    fails_above: int = 10**9
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    tried: list[int] = field(default_factory=list)

    def draw(self, pictures: int, _on_step: OnStep) -> None:
        self.tried.append(pictures)

    def trial(self, pictures: int, draw: Draw) -> Trial:
        draw(pictures, lambda *_: None)
        if pictures > self.fails_above:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return Trial(
            pictures,
            self.seconds(pictures),
            self.weights + pictures * self.denoiser,
            self.weights + self.decoded + pictures * self.decoder,
        )

    def budget(self) -> int:
        return self.total

    def capacity(self, limits: Limits = LIMITS) -> Capacity:
        meter: Any = self
        return Capacity.measured(meter, self.draw, limits)

    def pictures(self, limits: Limits = LIMITS) -> int:
        return self.capacity(limits).pictures(limits.pixels)


def test_a_t4_draws_one_by_one_since_more_at_once_gain_nothing() -> None:
    gpu = Gpu(lambda count: T4[count])
    assert gpu.pictures() == 1
    assert gpu.tried == [1, 2]


@pytest.mark.parametrize(
    ("gains", "pictures", "tried"),
    [
        ([0.5, 0.3, 0.2, 0.1], 16, [1, 2, 4, 8, 16]),
        ([0.5, 0.3, 0.04, 0.5], 4, [1, 2, 4, 8]),
        ([0.051, 0.049], 2, [1, 2, 4]),
        ([0.05, 0.04], 2, [1, 2, 4]),
        ([-0.2], 1, [1, 2]),
    ],
)
def test_a_batch_grows_while_each_picture_gets_faster(
    gains: list[float], pictures: int, tried: list[int]
) -> None:
    each, seconds = 1.0, {1: 1.0}
    for place, gain in enumerate(gains, start=1):
        each *= 1 - gain
        seconds[2**place] = 2**place * each
    gpu = Gpu(lambda count: seconds[count])
    assert gpu.pictures() == pictures
    assert gpu.tried == tried


def test_a_batch_that_a_stopping_worker_could_not_finish_is_not_even_tried() -> None:
    """Spot's notice is 120 s, of which the worker has what STOP_TIMEOUT_SECONDS says."""
    gpu = Gpu(lambda count: 0.5 + 0.1 * count)
    limits = Limits(pixels=64, steps=25, pictures=16, seconds=30.0)
    capacity = gpu.capacity(limits)
    assert gpu.tried == [1, 2, 3], "one takes 15 s, two 17.5 s, three 20 s and four 22.5 s"
    assert capacity.pictures(64) == 3
    assert capacity.batch(64, 25) == 3
    assert capacity.batch(64, 50) == 2
    assert capacity.batch(256, 100) == 1, "one picture is always drawn"
    assert capacity.pictures(64) == 3, "the pictures of one job go through together"


def test_the_time_of_a_batch_is_what_the_stop_timeout_leaves_for_it() -> None:
    for timeout, seconds in (("100", 95), ("5", 0), ("0", 0)):
        settings = make_settings(STOP_TIMEOUT_SECONDS=timeout, DEFAULT_STEPS="8")
        assert settings.pipeline.longest_batch_seconds == seconds
        assert settings.pipeline.usual_steps == 8
    assert make_settings().pipeline.longest_batch_seconds == 20


@pytest.mark.parametrize(
    ("total", "pictures", "tried"),
    [(10_000, 16, [1, 2, 4, 8, 16]), (1000, 9, [1, 2, 4, 8, 9]), (299, 2, [1, 2]), (50, 2, [1, 2])],
)
def test_a_batch_grows_as_far_as_memory_allows(total: int, pictures: int, tried: list[int]) -> None:
    gpu = Gpu(total=total)
    assert gpu.pictures() == pictures
    assert gpu.tried == tried


@pytest.mark.parametrize(
    ("picture", "weights", "total", "tried"),
    [(1, 0, 3, [1, 2, 3]), (0, 500, 500, [1, 2])],
    ids=["a byte a picture", "no byte is left"],
)
def test_a_batch_grows_to_the_last_byte_but_never_without_one(
    picture: int, weights: int, total: int, tried: list[int]
) -> None:
    gpu = Gpu(denoiser=picture, weights=weights, total=total)
    gpu.capacity()
    assert gpu.tried == tried


def test_a_decoder_that_takes_one_picture_at_a_time_does_not_limit_the_denoisers_batch() -> None:
    """SDXL at 1024 pixels: the decoder's peak hides what the denoiser takes for a picture."""
    gpu = Gpu(denoiser=GB // 3, weights=7 * GB, decoded=3 * GB, decoder=GB // 80, total=11 * GB)
    assert gpu.pictures() == 12
    assert gpu.tried[-1] == 12


def test_the_decoder_limits_a_batch_that_only_the_denoiser_has_memory_for() -> None:
    assert Gpu(denoiser=10, decoder=200, total=1000).pictures() == 4


def test_a_trial_that_does_not_fit_ends_the_trials() -> None:
    assert Gpu(fails_above=1).pictures() == 1
    assert Gpu(fails_above=4).pictures() == 4


def test_an_error_that_is_not_about_memory_ends_the_measurement() -> None:
    def fail(_count: int) -> float:
        raise RuntimeError("shape mismatch")

    with pytest.raises(RuntimeError, match="shape mismatch"):
        Gpu(fail).pictures()


def test_no_more_pictures_are_tried_than_are_allowed() -> None:
    gpu = Gpu()
    assert gpu.pictures(Limits(pixels=64, steps=25, pictures=3, seconds=1000.0)) == 3
    assert gpu.tried == [1, 2, 3]


def test_larger_pictures_go_through_in_smaller_numbers() -> None:
    capacity = Gpu(total=1000).capacity()
    assert [capacity.pictures(pixels) for pixels in (32, 64, 128, 64 * 100)] == [16, 9, 4, 1]


def test_a_picture_that_fits_only_in_part_does_not_count() -> None:
    assert Capacity(pixels=5 * 32, max_pictures=16).pictures(64) == 2


def test_a_capacity_that_was_too_large_is_halved() -> None:
    capacity = Capacity(pixels=10 * 64, max_pictures=16)
    capacity.reduce(9, 64)
    assert capacity.pixels == 4 * 64
    capacity.reduce(20, 64)
    assert capacity.pixels == 4 * 64, "it never grows"
    capacity.reduce(1, 32)
    assert capacity.pixels == 32, "one picture always fits"


def test_a_cpu_draws_eight_pictures_of_the_models_size_at_once() -> None:
    assert Capacity.on_cpu(64, 4) == Capacity(pixels=8 * 64, max_pictures=4)


class Cuda:
    """The functions of `torch.cuda` that a meter calls, for one device, and a clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.device = torch.device("cuda", 1)
        self.calls: list[str] = []
        self.now = 100.0
        self.peak = 0
        for name in ("synchronize", "reset_peak_memory_stats", "max_memory_allocated"):
            monkeypatch.setattr(torch.cuda, name, self._function(name))

    def _function(self, name: str) -> Callable[[torch.device], int]:
        def call(device: torch.device) -> int:
            assert device == self.device
            self.calls.append(name)
            return self.peak

        return call

    def meter(self) -> GpuMeter:
        return GpuMeter(self.device, lambda: self.now)


def test_a_trial_measures_the_denoiser_and_the_decoder_apart_after_waiting_for_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cuda = Cuda(monkeypatch)

    def draw(count: int, on_step: Callable[..., None]) -> None:
        assert count == 4
        cuda.now += 30  # cuDNN tries its algorithms
        on_step(1, 3, None)
        cuda.now += 2
        on_step(2, 3, None)
        cuda.now, cuda.peak = cuda.now + 4, 700
        on_step(3, 3, None)
        cuda.now, cuda.peak = cuda.now + 50, 900

    assert cuda.meter().trial(4, draw) == Trial(4, 3.0, 700, 900)
    reset, wait, read = "reset_peak_memory_stats", "synchronize", "max_memory_allocated"
    assert cuda.calls == [reset, wait, wait, wait, read, reset, wait, read]


@pytest.mark.parametrize(("steps", "seconds"), [(0, 7.0), (1, 5.0)])
def test_a_pipeline_of_one_step_or_of_none_is_measured_as_a_whole(
    monkeypatch: pytest.MonkeyPatch, steps: int, seconds: float
) -> None:
    cuda = Cuda(monkeypatch)
    cuda.peak = 700

    def draw(_count: int, on_step: Callable[..., None]) -> None:
        cuda.now += 5
        if steps:
            on_step(1, 1, None)
        cuda.now += 2

    assert cuda.meter().trial(2, draw) == Trial(2, seconds, 700, 700)


def test_the_memory_of_a_pipeline_that_stops_before_its_last_step_counts_as_the_decoders(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cuda = Cuda(monkeypatch)
    cuda.peak = 700

    def draw(_count: int, on_step: Callable[..., None]) -> None:
        for step in (1, 2):
            cuda.now += 2
            on_step(step, 3, None)

    assert cuda.meter().trial(4, draw) == Trial(4, 2.0, 0, 700)


def test_the_budget_of_a_gpu_leaves_a_tenth(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = torch.device("cuda", 0), torch.device("cuda", 1)
    answers = {
        "mem_get_info": {first: (9, 90), second: (1000, 5000)},
        "memory_reserved": {first: 9, second: 300},
        "memory_allocated": {first: 9, second: 100},
    }
    for name, by_device in answers.items():
        monkeypatch.setattr(torch.cuda, name, lambda of=first, known=by_device: known[of or first])
    assert GpuMeter(second).budget() == 100 + 1200 - 500
