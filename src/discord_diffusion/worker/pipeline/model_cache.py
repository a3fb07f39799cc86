"""The models of a deployment: loaded when a job names them; the least recently used goes first."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping

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

Load = Callable[[str | None, ModelSpec], LoadedModel]
HasRoom = Callable[[ModelSpec], bool]


class Shelf:
    """Models by name; None is the name of the one that draws jobs which name none."""

    def __init__(
        self, specs: Mapping[str | None, ModelSpec], load: Load, has_room: HasRoom
    ) -> None:
        self._specs = specs
        self._load = load
        self._has_room = has_room
        self._loaded: OrderedDict[str | None, LoadedModel] = OrderedDict()

    @property
    def resident(self) -> tuple[str | None, ...]:
        """Which models are loaded, the least recently used first."""
        return tuple(self._loaded)

    def spec(self, name: str | None) -> ModelSpec:
        """How a model is described; `UnsupportedJobError` names those there are."""
        if name not in self._specs:
            known = ", ".join(sorted(one for one in self._specs if one)) or "only the default"
            raise UnsupportedJobError(f"no model {name!r} here; there is {known}")
        return self._specs[name]

    def get(self, name: str | None) -> LoadedModel:
        """The model, loaded if it was not.

        Raises:
            UnsupportedJobError: the deployment has no such model.
            OutOfMemoryError: it does not fit even alone.
            GenerationError: it cannot be loaded.
        """
        spec = self.spec(name)
        if name not in self._loaded:
            try:
                self._loaded[name] = self._load_with_room(name, spec)
            except ModelLoadError as error:
                raise GenerationError(str(error)) from error
        self._loaded.move_to_end(name)
        return self._loaded[name]

    def put(self, name: str | None, model: LoadedModel) -> None:
        """Keep a model that was loaded elsewhere."""
        self._loaded[name] = model

    def drop_others(self, name: str | None) -> bool:
        """Free the memory of all models but one; whether there were any."""
        others = [one for one in self._loaded if one != name]
        for one in others:
            self._drop(one)
        return bool(others)

    def _load_with_room(self, name: str | None, spec: ModelSpec) -> LoadedModel:
        while self._loaded and not self._has_room(spec):
            self._drop(next(iter(self._loaded)))
        while True:
            started = time.perf_counter()
            try:
                model = self._load(name, spec)
            except Exception as error:
                if not memory.is_out_of_memory(error):
                    raise
                if not self._loaded:
                    raise OutOfMemoryError(f"{spec.model} does not fit: {error}") from error
                self._drop(next(iter(self._loaded)))
            else:
                seconds = round(time.perf_counter() - started, 2)
                log.info("Model loaded", extra={"model": model.name, "seconds": seconds})
                return model

    def _drop(self, name: str | None) -> None:
        model = self._loaded.pop(name)
        log.info("Model dropped", extra={"model": model.name})
        device = model.device
        del model
        memory.release(device)
