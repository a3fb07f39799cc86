"""Measures recipes: on a CPU in turns, so that other work of the machine slows all of them."""

import math
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import torch

from tests.bench.gpu import hardware
from tests.bench.gpu.recipes import Case, PlainDiffusers, recipes


@dataclass
class Figures:
    """The figures of one recipe in one case; None if a figure could not be measured."""

    case: str
    recipe: str
    batch: int | None = None
    pictures_a_second: float | None = None
    slowest: float | None = None
    fastest: float | None = None
    times_as_fast: float | None = None
    joules_a_picture: float | None = None
    denoiser_tflops: float | None = None
    share_of_peak: float | None = None
    why_not: str = ""
    rates: list[float] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The figures as the result file holds them."""
        return asdict(self)


def measure(
    case: Case,
    device: torch.device,
    worker_settings: dict[str, str],
    runs: int,
    peak: float,
    deadline: float,
) -> list[Figures]:
    """Draw each recipe once to warm up, then `runs` times; `peak` is in TFLOP/s.

    On a CPU the recipes take turns; on a GPU, which nobody else uses, one is loaded after another.

    After `deadline`, a moment of `time.monotonic`, no further recipe is loaded and no turn begins;
    each that was loaded is measured once at least.
    """
    loaders = recipes(case, device, worker_settings)
    figures = {name: Figures(case.name, name) for name in loaders}
    # Recipes that share a GPU would take each other's memory, by which the worker sizes batches.
    at_once = [[name] for name in loaders] if device.type == "cuda" else [list(loaders)]
    flops: int | None = None
    for names in at_once:
        some = {name: loaders[name] for name in names}
        flops = _measure_together(some, figures, device, runs, peak, deadline, flops)
        hardware.free_memory(device)
    return list(figures.values())


def _measure_together(
    loaders: Mapping[str, Callable[[], Any]],
    figures: Mapping[str, Figures],
    device: torch.device,
    runs: int,
    peak: float,
    deadline: float,
    flops: int | None,
) -> int | None:
    """Load recipes, measure and forget them; returns the operations of one of a denoiser's steps.

    `flops` are those of another recipe for the same case.
    """
    loaded = _loaded(loaders, figures, deadline)
    plain = (recipe for recipe in loaded.values() if isinstance(recipe, PlainDiffusers))
    flops = flops or next((recipe.denoiser_flops() for recipe in plain), None)
    energies, steps = _draw_in_turns(loaded, figures, device, runs, deadline)
    base = statistics.median(next(iter(figures.values())).rates or [math.nan])
    for name, recipe in loaded.items():
        pictures = recipe.pictures
        _summarize(figures[name], pictures, base, energies[name], steps[name], flops, peak)
    return flops


def _loaded(
    loaders: Mapping[str, Callable[[], Any]], figures: Mapping[str, Figures], deadline: float
) -> dict[str, Any]:
    """The recipes that could be loaded and have drawn once."""
    loaded: dict[str, Any] = {}
    for name, load in loaders.items():
        if time.monotonic() > deadline:
            figures[name].why_not = "there was no time left for it"
            continue
        try:
            loaded[name] = load()
            loaded[name].draw()
            figures[name].batch = loaded[name].pictures
        except Exception as error:  # noqa: BLE001 - the report says so; the others are measured
            figures[name].why_not = f"{type(error).__name__}: {str(error)[:120]}"
            loaded.pop(name, None)
    return loaded


def _draw_in_turns(
    loaded: Mapping[str, Any],
    figures: Mapping[str, Figures],
    device: torch.device,
    runs: int,
    deadline: float,
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Joules of a picture, and seconds of a step, of each recipe and run; rates go to `figures`."""
    energies: dict[str, list[float]] = {name: [] for name in loaded}
    steps: dict[str, list[float]] = {name: [] for name in loaded}
    for run in range(runs):
        if run and time.monotonic() > deadline:
            break
        for name, recipe in loaded.items():
            hardware.synchronize(device)
            started = hardware.clock(device)
            with hardware.measured_energy(device) as energy:
                step_seconds = recipe.draw()
                hardware.synchronize(device)
            figures[name].rates.append(recipe.pictures / (hardware.clock(device) - started))
            steps[name].append(step_seconds)
            if energy.joules is not None:
                energies[name].append(energy.joules / recipe.pictures)
    return energies, steps


def _summarize(
    figures: Figures,
    pictures: int,
    base: float,
    joules: list[float],
    steps: list[float],
    flops: int | None,
    peak: float,
) -> None:
    rate = statistics.median(figures.rates)
    figures.pictures_a_second = round(rate, 3)
    figures.slowest, figures.fastest = round(min(figures.rates), 3), round(max(figures.rates), 3)
    if not math.isnan(base):
        figures.times_as_fast = round(rate / base, 2)
    if joules:
        figures.joules_a_picture = round(statistics.median(joules), 2)
    step = statistics.median(steps)
    if flops and not math.isnan(step):
        tflops = flops * pictures / step / 1e12
        figures.denoiser_tflops = round(tflops, 3)
        figures.share_of_peak = round(tflops / peak, 3)
