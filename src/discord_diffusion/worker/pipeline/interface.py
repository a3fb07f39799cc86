"""What a pipeline of diffusers takes, and of which parts it is made.

Families of models differ in both. Everything here is read from the class's signature, from the
components and from their configurations, never from the name of a class.
"""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import transformers
from diffusers import DiffusionPipeline

_UTILITIES: Any = transformers.utils
_PATCH = 2
"""Transformers process latents in squares of this side, whatever their configuration calls so."""
_LATENT_SIDES = {"unet": 64, "transformer": 128}
"""Side of the latents of a model that states no size: transformers draw 1024 pixels, UNets 512."""
_OTHER_MEDIA = ("num_frames", "video_length", "audio_length_in_s", "audio_end_in_s", "frame_size")
_STARTS_FROM_PICTURE = ("strength", "mask_image", "control_image", "padding_mask_crop")


def parameters(kind: Any) -> Mapping[str, inspect.Parameter]:
    """The parameters of a pipeline's call, by name."""
    return inspect.signature(kind.__call__).parameters


def refusal(kind: Any) -> str | None:
    """Why the worker can't draw from prompts with pipelines of a class; None if it can."""
    if libraries := getattr(kind, "_backends", None):  # diffusers' substitute for a class
        return f"{kind.__name__} needs the libraries {', '.join(libraries)}"
    if not (isinstance(kind, type) and issubclass(kind, DiffusionPipeline)):
        return f"{getattr(kind, '__name__', kind)} is no pipeline"
    takes = parameters(kind)
    if any(name in takes for name in _OTHER_MEDIA):
        return f"{kind.__name__} makes video or sound"
    if "prompt" not in takes:
        return f"{kind.__name__} takes no prompt"
    required = {
        name
        for name, parameter in takes.items()
        if parameter.default is parameter.empty
        and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    }
    if missing := sorted(required - {"self", "prompt", "image"}):
        return f"{kind.__name__} demands {', '.join(missing)}, which no job has"
    return None


def missing_library(index: Mapping[str, Any]) -> str | None:
    """What a component of a pipeline's index lacks on this machine; None if nothing.

    Asked before the weights are fetched.
    """
    entries = [value for value in index.values() if isinstance(value, list) and len(value) == 2]
    names = [name for library, name in entries if library == "transformers"]
    kinds = [getattr(transformers, name, None) for name in names]
    try:
        # A processor for pictures and videos is loaded with both parts.
        if any("video_processor" in _attributes(kind) for kind in kinds):
            kinds.append(transformers.AutoVideoProcessor)
        for kind in kinds:
            _UTILITIES.requires_backends(kind, getattr(kind, "_backends", []))
    except ImportError as error:
        lacking = str(error).strip().split(" but ")[0]
        return f"{index['_class_name']} lacks a library: {lacking}"
    return None


def starts_from_picture(kind: Any) -> bool:
    """Whether the class is one for image-to-image, inpainting or control pictures only."""
    return any(name in parameters(kind) for name in _STARTS_FROM_PICTURE)


def edits(kind: Any) -> bool:
    """Whether the prompt may say what to change in a source image.

    Such a pipeline takes several images for one prompt, not one image a prompt.
    """
    return "image" in parameters(kind) and not starts_from_picture(kind)


def only_edits(kind: Any) -> bool:
    """Whether a class that edits cannot draw without a source image, as diffusers lists it."""
    from diffusers.pipelines.auto_pipeline import (  # takes a while, and few models need it
        AUTO_IMAGE2IMAGE_PIPELINES_MAPPING,
        AUTO_TEXT2IMAGE_PIPELINES_MAPPING,
    )

    return (
        kind in AUTO_IMAGE2IMAGE_PIPELINES_MAPPING.values()
        and kind not in AUTO_TEXT2IMAGE_PIPELINES_MAPPING.values()
    )


def denoiser_name(pipe: Any) -> str:
    """The name of the component that runs once a step."""
    return "unet" if getattr(pipe, "unet", None) is not None else "transformer"


def autoencoder(pipe: Any) -> Any:
    """The network that turns latents into pictures; Kandinsky calls it `movq`."""
    return getattr(pipe, "vae", None) or pipe.movq


def scale_factor(pipe: Any) -> int:
    """How many pixels of a picture's side become one of its latents."""
    names = ("vae_scale_factor", "vae_scale_factor_spatial", "movq_scale_factor")
    factors = [factor for name in names if (factor := getattr(pipe, name, None))]
    return int(factors[0]) if factors else 8


def is_combined(pipe: Any) -> bool:
    """Whether a pipeline is made of others, as those of Kandinsky 2 are."""
    return any(isinstance(part, DiffusionPipeline) for part in vars(pipe).values())


def size_multiple(pipe: Any) -> int:
    """Widths and heights that the networks can draw are multiples of this."""
    if getattr(pipe, "vae", None) is None:
        # Kandinsky's pipelines draw larger pictures than they are asked for otherwise.
        return scale_factor(pipe) ** 2
    name = denoiser_name(pipe)
    if name == "transformer":
        return max(16, _PATCH * scale_factor(pipe))
    return max(8, scale_factor(pipe))


def native_size(pipe: Any) -> tuple[int, int]:
    """Width and height that the model draws if it is asked for none."""
    name = denoiser_name(pipe)
    side = getattr(pipe, "default_sample_size", None)
    side = side or getattr(pipe, name).config.get("sample_size")
    height = parameters(pipe)["height"].default if "height" in parameters(pipe) else None
    if side is None and isinstance(height, int):
        return height, height
    side = side or _LATENT_SIDES[name]
    rows, columns = (side, side) if isinstance(side, int) else side
    return columns * scale_factor(pipe), rows * scale_factor(pipe)


def _attributes(kind: Any) -> Sequence[str]:
    attributes: Sequence[str] = getattr(kind, "get_attributes", list)()
    return attributes


def set_scheduler(pipe: Any, scheduler: Any, steps: int) -> None:
    """Replace a pipeline's scheduler, and that of the pipelines which it is combined of.

    LCM's and TCD's take their steps from those of the model that was distilled, 50 mostly, and
    refuse more: then they take them from as many as are drawn.
    """
    if scheduler.config.get("original_inference_steps", steps) < steps:
        scheduler.register_to_config(original_inference_steps=steps)
    own = pipe.scheduler
    for part in vars(pipe).values():
        if isinstance(part, DiffusionPipeline) and getattr(part, "scheduler", None) is own:
            combined: Any = part
            combined.scheduler = scheduler
    pipe.scheduler = scheduler
