"""The LoRAs of one loaded model: loaded with it, and switched between batches without a reload.

peft keeps the weights of each beside those of the layer that it changes. A batch uses some, at
weights of its own, or none; then every layer computes what it would without.
"""

import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import torch

from discord_diffusion.jobs.loras import LoraSet, LoraSpec
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.worker.errors import ModelLoadError, OptionRefusedError
from discord_diffusion.worker.pipeline.weights import lora_arguments, short_reason

_PREFIX = "lora_"
"""Names of LoRAs may have dots, which names of modules may not: they are numbered."""


class LoadedLoras:
    """Those that a pipeline can draw with, and those that it draws with now."""

    def __init__(self, pipe: Any, specs: Mapping[str, LoraSpec] | None = None) -> None:
        self._pipe = pipe
        self._specs = specs or {}
        self._modules = {name: f"{_PREFIX}{place}" for place, name in enumerate(self._specs)}
        self._used: LoraSet | None = None

    @classmethod
    def load(cls, pipe: Any, specs: Mapping[str, LoraSpec]) -> "LoadedLoras":
        """Load LoRAs into a pipeline whose networks are not optimized yet; none is in use then.

        Raises:
            ModelLoadError: one is missing or broken, or is for another model.
        """
        loras = cls(pipe, specs)
        for name, spec in specs.items():
            loras._load(name, spec)
        loras.use(())
        return loras

    @property
    def names(self) -> tuple[str, ...]:
        """The names that jobs may use."""
        return tuple(self._specs)

    def use(self, chosen: LoraSet) -> None:
        """Draw with these from now on, and with no others.

        Raises:
            OptionRefusedError: the model has no such LoRA.
        """
        if unknown := [lora.name for lora in chosen if lora.name not in self._specs]:
            known = ", ".join(self._specs) or "none"
            raise OptionRefusedError(f"no LoRA {unknown[0]!r} for this model; there is {known}")
        if not self._specs or chosen == self._used:
            return
        self._used = None  # unknown, if what follows fails half-way
        if chosen:
            self._pipe.enable_lora()
            names = [self._modules[lora.name] for lora in chosen]
            self._pipe.set_adapters(names, [lora.weight for lora in chosen])
        else:
            self._pipe.disable_lora()
        self._used = chosen

    def with_triggers(self, parameters: GenerationParameters) -> GenerationParameters:
        """Parameters whose prompt has the trigger words of their LoRAs that it lacked."""
        return parameters.with_triggers(self._specs)

    def _load(self, name: str, spec: LoraSpec) -> None:
        pipe, module = self._pipe, self._modules[name]
        if not hasattr(pipe, "load_lora_weights"):
            raise ModelLoadError(f"LORAS: {name}: {type(pipe).__name__} takes no LoRA")
        try:
            with warnings.catch_warnings():
                # peft warns of every LoRA but the first: that there are several is meant.
                warnings.filterwarnings("ignore", "Already found a `peft_config`")
                pipe.load_lora_weights(
                    **lora_arguments(spec.lora, spec.file, spec.revision), adapter_name=module
                )
        except Exception as error:
            text = f"LORAS: {name} cannot be loaded: {short_reason(error)}"
            raise ModelLoadError(text) from error
        changed = [value for key, value in _parameters(pipe) if f".{module}." in key]
        if not changed:
            raise ModelLoadError(
                f"LORAS: {name} changes no layer of this model: it was made for another one, "
                "which its field models should name"
            )
        for parameter in changed:
            parameter.requires_grad_(False)


def _parameters(pipe: Any) -> Iterator[tuple[str, torch.nn.Parameter]]:
    """The parameters of all networks, by the names of their modules."""
    for part in pipe.components.values():
        if isinstance(part, torch.nn.Module):
            yield from part.named_parameters()
