"""The safety checker of pictures: a model's own, or one shared by the models that have none."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL.Image import Image

from discord_diffusion.worker.errors import ModelLoadError
from discord_diffusion.worker.pipeline.weights import load_variant


@dataclass(frozen=True)
class SafetyChecker:
    """A `StableDiffusionSafetyChecker` of diffusers, and the image processor that it needs."""

    network: Any
    processor: Any

    @classmethod
    def taken_from(cls, pipe: Any) -> "SafetyChecker | None":
        """The checker of a pipeline, which would check, and blacken, every picture itself."""
        network = getattr(pipe, "safety_checker", None)
        if network is None:
            return None
        pipe.register_modules(safety_checker=None)
        processor = getattr(pipe, "feature_extractor", None)
        return None if processor is None else cls(network, processor)

    @classmethod
    def load(cls, source: str, device: torch.device, dtype: torch.dtype) -> "SafetyChecker":
        """Load the checker alone of the pipeline in a folder or on the hub.

        Raises:
            ModelLoadError: there is none, or it is broken.
            torch.OutOfMemoryError: or another error for which `memory.is_out_of_memory` is true.
        """
        from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
        from transformers import CLIPImageProcessor

        local = Path(source).is_dir()
        processor_type: Any = CLIPImageProcessor
        try:
            processor = processor_type.from_pretrained(
                source, subfolder="feature_extractor", local_files_only=local
            )
            network: Any = load_variant(
                lambda variant: StableDiffusionSafetyChecker.from_pretrained(
                    source,
                    subfolder="safety_checker",
                    variant=variant,
                    dtype=dtype,
                    local_files_only=local,
                ),
                None,
                dtype,
            )
        except (OSError, ValueError) as error:
            raise ModelLoadError(
                f"SAFETY_CHECKER={source!r} has no safety checker that can be loaded: {error}; "
                "allowed: the folder or hub id of a pipeline that has one, model, or none"
            ) from error
        return cls(network.eval().to(device), processor)

    def flags(self, images: list[Image]) -> list[bool]:
        """Which pictures are flagged."""
        if not images:
            return []
        device, dtype = self.network.device, self.network.dtype
        features = self.processor(images, return_tensors="pt").pixel_values.to(device, dtype)
        # The checker blackens flagged pictures in place, so it gets copies, as numbers in 0..1.
        copies = np.stack([np.asarray(image, dtype=np.float32) / 255 for image in images])
        with torch.inference_mode():
            _blackened, flags = self.network(images=copies, clip_input=features)
        return [bool(flag) for flag in flags]
