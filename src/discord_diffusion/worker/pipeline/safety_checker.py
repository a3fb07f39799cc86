"""The safety checker of a model that has one, for requests that want it."""

from typing import Any

import numpy as np
import torch
from PIL.Image import Image


class SafetyChecker:
    """Takes the checker out of its pipeline, which would check, and blacken, every picture."""

    def __init__(self, pipe: Any) -> None:
        self._checker = getattr(pipe, "safety_checker", None)
        self._extractor = getattr(pipe, "feature_extractor", None)
        if self._checker is not None:
            pipe.register_modules(safety_checker=None)

    @property
    def present(self) -> bool:
        """Whether the model has a safety checker."""
        return self._checker is not None and self._extractor is not None

    def flags(self, images: list[Image]) -> list[bool]:
        """Which pictures are flagged; none if the model has no safety checker."""
        if self._checker is None or self._extractor is None or not images:
            return [False] * len(images)
        device, dtype = self._checker.device, self._checker.dtype
        features = self._extractor(images, return_tensors="pt").pixel_values.to(device, dtype)
        # The checker blackens flagged pictures in place, so it gets copies, as numbers in 0..1.
        copies = np.stack([np.asarray(image, dtype=np.float32) / 255 for image in images])
        with torch.inference_mode():
            _blackened, flags = self._checker(images=copies, clip_input=features)
        return [bool(flag) for flag in flags]
