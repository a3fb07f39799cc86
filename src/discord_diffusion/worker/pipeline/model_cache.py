"""The models of a deployment in memory: loaded when a job names them, and unloaded for others, the
least recently used first."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from discord_diffusion.jobs.models import ModelSpec
from discord_diffusion.worker.errors import (
    GenerationError,
    ModelLoadError,
    OutOfMemoryError,
    UnsupportedJobError,
)
from discord_diffusion.worker.pipeline import memory
from discord_diffusion.worker.pipeline.loaded_model import LoadedModel

log = logging.getLogger(__name__)


@dataclass
class ModelCache:
    """Models by name; None is the name of the default model, for jobs that name none."""

    specs: Mapping[str | None, ModelSpec]
    load: Callable[[str | None, ModelSpec], LoadedModel]
    has_memory_for: Callable[[str | None, ModelSpec], bool]
    _models: OrderedDict[str | None, LoadedModel] = field(default_factory=OrderedDict)

    @property
    def loaded_names(self) -> tuple[str | None, ...]:
        """The models that are loaded, the least recently used first."""
        return tuple(self._models)

    def spec(self, name: str | None) -> ModelSpec:
        """The specification of a model; `UnsupportedJobError` names the models that there are."""
        if name not in self.specs:
            known = ", ".join(sorted(spec for spec in self.specs if spec)) or "only the default"
            raise UnsupportedJobError(f"no model {name!r} here; there is {known}")
        return self.specs[name]

    def get(self, name: str | None) -> LoadedModel:
        """The model; loads it if necessary.

        Raises:
            UnsupportedJobError: the deployment has no such model.
            OutOfMemoryError: it does not fit into memory even alone.
            GenerationError: it cannot be loaded.
        """
        spec = self.spec(name)
        if name not in self._models:
            try:
                self._models[name] = self._load_after_evicting(name, spec)
            except ModelLoadError as error:
                raise GenerationError(str(error)) from error
        self._models.move_to_end(name)
        return self._models[name]

    def put(self, name: str | None, model: LoadedModel) -> None:
        """Keep a model that the caller has loaded."""
        self._models[name] = model

    def evict_others(self, name: str | None) -> bool:
        """Unload all models but one; False if there were no others."""
        others = [other for other in self._models if other != name]
        for other in others:
            self.evict(other)
        return bool(others)

    def _load_after_evicting(self, name: str | None, spec: ModelSpec) -> LoadedModel:
        """Load a model, after unloading as many others as it needs memory for."""
        while self._models and not self.has_memory_for(name, spec):
            self.evict(next(iter(self._models)))
        while True:
            started = time.perf_counter()
            try:
                model = self.load(name, spec)
            except Exception as error:
                if not memory.is_out_of_memory(error):
                    raise
                if not self._models:
                    raise OutOfMemoryError(f"{spec.model} does not fit: {error}") from error
                self.evict(next(iter(self._models)))
            else:
                seconds = round(time.perf_counter() - started, 2)
                log.info("The model is loaded", extra={"model": model.name, "seconds": seconds})
                return model

    def evict(self, name: str | None) -> None:
        """Unload a model that is loaded."""
        model = self._models.pop(name)
        log.info("The model is unloaded", extra={"model": model.name})
        device = model.device
        del model
        memory.release(device)
