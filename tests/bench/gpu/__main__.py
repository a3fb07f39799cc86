"""`python -m tests.bench.gpu`: measures pictures a second of three recipes, and makes `checks`.

Writes build/bench-worker.json. It is one run of less than ten minutes: what there is no time for is
left out. Without a GPU the same run draws with the embedded model, and with toys of the large ones'
classes, and says what it could not measure.
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from discord_diffusion.worker.pipeline.loading import choose_device, choose_dtype
from tests.bench.gpu import architectures, checks, hardware
from tests.bench.gpu.measure import Figures, measure
from tests.bench.gpu.recipes import Case
from tests.bench.machine import Machine
from tests.unit.worker.pipeline.tiny_families import save_family
from toolchain.layout import Layout

LAYOUT = Layout.of_this_checkout()
GPU_CASES = (("sd15", 512, 25), ("sdxl", 1024, 25), ("sd15", 1024, 25), ("sdxl", 512, 25))
"""Model, side in pixels and steps; the first ones matter most if the time is short."""
TOY_CASES = (("sd", 64, 4), ("sdxl", 64, 4))
"""The same classes at toy size, for a machine without a GPU."""
_SHARE_OF_CASES = 0.65
"""Of the time; the rest is for the checks."""
COLUMNS = (
    "recipe",
    "batch",
    "pictures_a_second",
    "slowest",
    "fastest",
    "times_as_fast",
    "joules_a_picture",
    "denoiser_tflops",
    "share_of_peak",
)


def main() -> None:
    """Measure every case that suits the device."""
    options = _options()
    started = time.monotonic()
    device = choose_device(options.device)
    torch.set_num_threads(options.threads)
    dtype = choose_dtype(device)
    reached, published = hardware.measured_tflops(device, dtype), hardware.peak_tflops(device)
    peak = published or reached
    result: dict[str, Any] = {
        "machine": Machine.current().as_json(),
        "device": hardware.name_of(device),
        "precision_of_c": str(dtype),
        "torch": torch.__version__,
        "clock": "processor time" if hardware.counts_processor_time(device) else "time on the wall",
        "peak_tflops": round(peak, 3),
        "peak_is": "the data sheet's" if published else "what a large matrix product reaches here",
        "matrix_product_tflops": round(reached, 3),
        "could_not_be_measured": _not_measured(device),
    }
    worker_settings = {
        "DEVICE": options.device,
        "COMPILE": options.compile,
        "MAX_BATCH": str(options.batch),
    }
    worker_settings["TORCH_THREADS"] = str(options.threads)
    if options.compile_cache:
        worker_settings["COMPILE_CACHE"] = options.compile_cache
    figures: list[Figures] = []
    ends = started + options.minutes * 60
    deadline = started + options.minutes * 60 * _SHARE_OF_CASES
    with tempfile.TemporaryDirectory() as folder:
        cases = _cases(device, Path(folder), options.only)
        for case in cases:
            sys.stderr.write(f"{case.name} ...\n")
            figures += measure(case, device, worker_settings, options.runs, peak, deadline)
        sys.stderr.write("checks ...\n")
        by_size = {"small": cases[0], "large": max(cases, key=lambda case: case.side)}
        settings = worker_settings | {"DEVICE": str(device), "COMPILE": "off"}
        checked = checks.run_all(by_size, settings, ends - time.monotonic())
    result["figures"] = [row.as_json() for row in figures]
    result["checks"] = [asdict(check) for check in checked]
    result["could_not_be_measured"] += [
        *(f"{check.name}: {check.found}" for check in checked if check.passed is None),
        *(f"{row.case}, {row.recipe}: {row.why_not}" for row in figures if row.why_not),
    ]
    result["seconds"] = round(time.monotonic() - started)
    path = LAYOUT.build / "bench-worker.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(result, indent=2) + "\n")
    _print(result, figures, checked)
    sys.stdout.write(f"\nWritten to {path.relative_to(LAYOUT.root)}\n")
    if any(check.passed is False for check in checked):
        sys.exit(1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.gpu", description=__doc__)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=9, help="for all of it")
    parser.add_argument("--batch", type=int, default=16, help="MAX_BATCH of (c)")
    parser.add_argument("--compile", default="auto", help="COMPILE of (c)")
    parser.add_argument("--compile-cache", help="COMPILE_CACHE of (c)")
    parser.add_argument("--threads", type=int, default=1, help="of torch, on the CPU")
    parser.add_argument("--only", default="", help="part of a case's name")
    return parser.parse_args()


def _cases(device: torch.device, folder: Path, only: str) -> list[Case]:
    if device.type == "cpu":
        tiny = LAYOUT.root / "fixtures" / "model" / "tiny"
        embedded = Case("embedded model, 64x64, 12 steps", tiny, 64, 12, 3.0)
        toys = [
            Case(f"toy of {name}, {side}x{side}, {steps} steps", folder / name, side, steps, 7.5)
            for name, side, steps in TOY_CASES
        ]
        for toy in toys:
            save_family(toy.folder.name, toy.folder)
        return [embedded, *toys]
    cases = [
        Case(f"{name}, {side}x{side}, {steps} steps", folder / name, side, steps, 7.5)
        for name, side, steps in GPU_CASES
    ]
    chosen = [case for case in cases if only in case.name] or cases
    for name in {case.folder.name for case in chosen}:
        architectures.save(name, folder / name, str(device))
    return chosen


def _not_measured(device: torch.device) -> list[str]:
    missing = []
    with hardware.measured_energy(device) as energy:
        pass
    if energy.joules is None and hardware.power_meter(device) is None:
        missing.append("energy: neither NVML nor RAPL answers here")
    if device.type == "cpu":
        missing.append("SD 1.5 and SDXL: there is no GPU, and a CPU takes minutes for a picture")
        missing.append("share of a GPU's peak: the CPU's is that of a matrix product here")
        missing.append("half precision: a CPU is many times slower in it, so (b) is in fp32")
    return missing


def _print(result: dict[str, Any], figures: list[Figures], checked: list[checks.Check]) -> None:
    console = Console(width=160)
    console.print(f"\n{Machine.current()}\n{result['device']}, torch {result['torch']}")
    console.print(f"Timed by {result['clock']}; steps of the denoiser always on the wall")
    console.print(f"Peak taken: {result['peak_tflops']} TFLOP/s, {result['peak_is']}\n")
    for case in dict.fromkeys(row.case for row in figures):
        table = Table(title=case, box=None, title_justify="left")
        for name in COLUMNS:
            table.add_column(
                name.replace("_", " "), justify="left" if name == "recipe" else "right"
            )
        for row in figures:
            if row.case == case:
                values = row.as_json()
                cells = ("-" if values[name] is None else str(values[name]) for name in COLUMNS)
                table.add_row(*cells)
        console.print(table)
    for check in checked:
        if check.passed is not None:
            console.print(str(check), highlight=False)
    for text in result["could_not_be_measured"]:
        console.print(f"Not measured: {text}")


if __name__ == "__main__":
    main()
