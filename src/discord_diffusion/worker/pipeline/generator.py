"""The generator of the worker: models, batches, and what is done when they fail."""

import logging
import time
from collections.abc import Hashable, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import torch

from discord_diffusion.jobs.models import ModelSpec
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.settings import PipelineSettings
from discord_diffusion.worker.errors import ModelLoadError, UnsupportedJobError, WorkerError
from discord_diffusion.worker.generation import (
    Generation,
    GenerationRequest,
    ModelInfo,
    OnStep,
    PhaseSeconds,
)
from discord_diffusion.worker.pipeline import compiled, devices, loading, memory
from discord_diffusion.worker.pipeline.batch import (
    Drawn,
    PictureOrder,
    generation,
    list_orders,
)
from discord_diffusion.worker.pipeline.capacity import Capacity, CudaMeter
from discord_diffusion.worker.pipeline.drawing import StepEnded, draw
from discord_diffusion.worker.pipeline.loaded_model import LoadedModel
from discord_diffusion.worker.pipeline.model_cache import Shelf
from discord_diffusion.worker.pipeline.recovery import Attempt, Orders
from discord_diffusion.worker.pipeline.tiling import draw_in_tiles

log = logging.getLogger(__name__)

_WARM_UP_STEPS = 2
"""Some schedulers cannot do with one."""
_USUAL_GUIDANCE = 7.5
_ROOM = 1.3
"""Memory that has to be free for a model, in sizes of its weights on disk."""


class DiffusersGenerator:
    """Draws with the models of a deployment on one device. One caller at a time."""

    def __init__(
        self, settings: PipelineSettings, device: torch.device, dtype: torch.dtype
    ) -> None:
        self._settings = settings
        self._device = device
        self._dtype = dtype
        self._mode = compiled.choose_mode(settings.compile, device, settings.compile_cache)
        self._shelf = Shelf(
            dict[str | None, ModelSpec]({None: settings.default}) | dict(settings.models.items()),
            self._load_model,
            self._has_room,
        )
        self._capacities: dict[str | None, Capacity] = {}

    @classmethod
    def load(cls, settings: PipelineSettings) -> "DiffusersGenerator":
        """Load the model that `settings` name first; `ModelLoadError` says what is wrong."""
        device = devices.choose_device(settings.device)
        devices.prepare(device, settings.torch_threads)
        compiled.keep_compiled_code(settings.compile_cache)
        generator = cls(settings, device, devices.choose_dtype(device, settings.precision))
        try:
            generator._shelf.put(None, generator._load_model(None, settings.default))
        except Exception as error:
            if memory.is_out_of_memory(error):
                text = f"MODEL={settings.default.model!r} does not fit: {error}"
                raise ModelLoadError(text) from error
            raise
        return generator

    @property
    def model(self) -> ModelInfo:
        """What draws a job that names neither a model nor a scheduler."""
        return self._shelf.get(None).info()

    def peak_memory(self) -> int | None:
        """What batches since the last call took at most, the models included."""
        return memory.peak_bytes(self._device)

    def warm_up(self) -> None:
        """Draw at the usual size: proves the model whole, allocates, measures, compiles."""
        model = self._shelf.get(None)
        try:
            self._measure(None, model)
            self._compile(None, model)
        except Exception as error:
            raise ModelLoadError(f"{model.name} loads but does not draw: {error}") from error

    def batch_key(self, parameters: GenerationParameters) -> Hashable:
        """What has to be one value in a call of a pipeline."""
        source = parameters.source
        return (
            parameters.model,
            parameters.scheduler,
            parameters.width,
            parameters.height,
            parameters.steps,
            parameters.guidance,
            # Models differ in what no negative prompt and an empty one mean.
            bool(parameters.negative_prompt),
            (source.strength, source.scale) if source else None,
        )

    def capacity(self, parameters: GenerationParameters) -> int:
        """As many as were measured to fit; of a model that was not loaded yet, as of the first."""
        known = self._capacities.get(parameters.model) or self._capacities.get(None)
        return known.of(_pixels(parameters)) if known else 1

    def generate(
        self, requests: Sequence[GenerationRequest], on_step: OnStep
    ) -> Sequence[Generation | Exception]:
        """Make all pictures, in as few calls of the pipeline as memory allows."""
        common = requests[0].parameters
        try:
            self._check_size(common)
            model = self._get(common.model)
        except WorkerError as error:
            return [error] * len(requests)
        attempt = Attempt(
            lambda orders, step_ended: draw(model, orders, step_ended),
            lambda order, step_ended: self._rescue(model, order, step_ended),
            self._device,
            on_step,
            lambda count: self._capacities[common.model].too_much(count, _pixels(common)),
        )
        orders = list_orders(requests)
        attempt.run(_split(orders, self.capacity(common)))
        info = model.info(common.scheduler)
        return [
            generation(
                [order for order in orders if order.request == place],
                attempt.results,
                info,
                attempt.seconds,
            )
            for place in range(len(requests))
        ]

    def _check_size(self, parameters: GenerationParameters) -> None:
        most, pixels = self._shelf.spec(parameters.model).max_pixels, _pixels(parameters)
        if most and pixels > most:
            raise UnsupportedJobError(f"{pixels} pixels are asked for, {most} are allowed")

    def _get(self, name: str | None) -> LoadedModel:
        model = self._shelf.get(name)
        if name not in self._capacities:
            self._measure(name, model)
        return model

    def _load_model(self, name: str | None, spec: ModelSpec) -> LoadedModel:
        # Compiling takes minutes where no cache has it: only the model of the start is compiled.
        mode = self._mode if name is None else "off"
        return loading.load(spec, name, self._device, self._dtype, mode)

    def _has_room(self, spec: ModelSpec) -> bool:
        free = memory.free_bytes(self._device)
        return free is None or free > _ROOM * memory.weights_bytes(Path(spec.model), spec.variant)

    def _measure(self, name: str | None, model: LoadedModel) -> None:
        width, height = self._usual_size(model)
        most = self._settings.max_batch
        if self._device.type == "cuda":
            self._capacities[name] = Capacity.measured(
                CudaMeter(self._device),
                lambda count: self._trial(model, count),
                width * height,
                most,
            )
        else:
            self._capacities[name] = Capacity.on_cpu(width * height, most)
            self._trial(model, 1)

    def _compile(self, name: str | None, model: LoadedModel) -> None:
        """Compile for one picture and for each doubling up to a full batch, at the usual size."""
        if not model.shapes:
            return
        width, height = self._usual_size(model)
        most = self._capacities[name].of(width * height)
        key = (width, height, _guidance(model.spec) > 1)
        counts = sorted({*(count for count in (1, 2, 4, 8, 16, 32) if count < most), most})
        for count in counts:
            started = time.perf_counter()
            try:
                with ExitStack() as stack:
                    for shapes in model.shapes:
                        stack.enter_context(shapes.preparing())
                    self._trial(model, count)
            except Exception as error:
                if not memory.is_out_of_memory(error) or count == 1:
                    raise
                memory.release(self._device)
                self._capacities[name].too_much(count, width * height)
                return
            model.prepared.setdefault(key, []).append(count)
            seconds = round(time.perf_counter() - started, 2)
            log.info("Compiled", extra={"pictures": count, "seconds": seconds})

    def _usual_size(self, model: LoadedModel) -> tuple[int, int]:
        width, height = model.native_size
        return self._settings.usual_width or width, self._settings.usual_height or height

    def _trial(self, model: LoadedModel, count: int) -> None:
        width, height = self._usual_size(model)
        parameters = GenerationParameters(
            prompt="warm-up",
            seed=0,
            steps=_WARM_UP_STEPS,
            guidance=_guidance(model.spec),
            width=width,
            height=height,
            images=count,
        )
        draw(model, list_orders([GenerationRequest(parameters)]), lambda *_step: None)

    def _rescue(
        self, model: LoadedModel, order: PictureOrder, step_ended: StepEnded
    ) -> tuple[Drawn, PhaseSeconds] | None:
        """One picture alone does not fit: make room, or draw it in tiles."""
        if self._shelf.drop_others(order.parameters.model):
            [drawn], seconds = draw(model, [order], step_ended)
            return drawn, seconds
        if order.asked.source is not None:
            return draw_in_tiles(model, order, step_ended)
        return None


def _guidance(spec: ModelSpec) -> float:
    return _USUAL_GUIDANCE if spec.guidance is None else spec.guidance


def _pixels(parameters: GenerationParameters) -> int:
    scale = parameters.source.scale if parameters.source else 1
    return parameters.width * parameters.height * scale**2


def _split(orders: Orders, at_once: int) -> list[Orders]:
    waiting = iter(orders)
    return list(iter(lambda: list(islice(waiting, at_once)), []))
