"""What is done to a pipeline's networks before they draw."""

from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch

from discord_diffusion.worker.pipeline import optimizations


@pytest.mark.parametrize("family", ["sd", "sdxl", "sd3", "flux"])
def test_optimized_networks_take_no_more_memory(family: str, tmp_path: Path) -> None:
    """Fused projections, as diffusers makes them, would stand beside the separate ones."""
    from tests.unit.worker.pipeline.tiny_families import save_family

    save_family(family, tmp_path)
    untyped: Any = diffusers
    pipe = untyped.DiffusionPipeline.from_pretrained(tmp_path)
    network = optimizations.denoiser(pipe)

    def weights() -> int:
        return sum(tensor.nbytes for tensor in (*network.parameters(), *network.buffers()))

    before = weights()
    optimizations.optimize(pipe, torch.device("cuda"), "off")
    assert weights() == before
