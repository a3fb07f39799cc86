"""The generator: keeps the models of a deployment on one device and draws batches with them."""

import logging
import time
from collections.abc import Hashable, Sequence
from contextlib import ExitStack
from math import prod
from pathlib import Path

import torch

from discord_diffusion.jobs.models import ModelSpec
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.settings.worker import NO_CHECKER, OWN_CHECKER, PipelineSettings
from discord_diffusion.worker.errors import (
    BlankPictureError,
    DeviceLostError,
    ModelLoadError,
    UnsupportedJobError,
    WorkerError,
)
from discord_diffusion.worker.pipeline import loading, memory, optimizations
from discord_diffusion.worker.pipeline.batch import list_generations, list_items
from discord_diffusion.worker.pipeline.loaded_model import LoadedModel
from discord_diffusion.worker.pipeline.memory import Capacity
from discord_diffusion.worker.pipeline.model_cache import ModelCache
from discord_diffusion.worker.pipeline.pipeline_call import draw
from discord_diffusion.worker.pipeline.recovery import BatchRun, raise_if_lost
from discord_diffusion.worker.pipeline.safety_checker import SafetyChecker
from discord_diffusion.worker.pipeline_types import (
    Generation,
    GenerationRequest,
    ModelInfo,
    OnStep,
)

log = logging.getLogger(__name__)

_WARM_UP_STEPS = 2
"""Some schedulers cannot draw in one step."""
_USUAL_GUIDANCE = 7.5
_MEMORY_PER_WEIGHTS = 1.3
"""Memory that must be free to load a model, as a multiple of its weights on disk."""


class DiffusersGenerator:
    """Draws with the models of a deployment on one device, for one caller at a time."""

    def __init__(
        self, settings: PipelineSettings, device: torch.device, dtype: torch.dtype
    ) -> None:
        self._settings = settings
        self._device = device
        self._dtype = dtype
        self._compile_mode = optimizations.choose_compile_mode(
            settings.compile, device, settings.compile_cache
        )
        self._models = ModelCache(
            dict[str | None, ModelSpec]({None: settings.default}) | dict(settings.models.items()),
            self._load_model,
            self._has_memory_for,
        )
        self._capacities: dict[str | None, Capacity] = {}
        self._shared_checker: SafetyChecker | None = None

    @classmethod
    def load(cls, settings: PipelineSettings) -> "DiffusersGenerator":
        """Load the default model of the settings; `ModelLoadError` says what is wrong."""
        device = loading.choose_device(settings.device)
        loading.configure_torch(device, settings.torch_threads)
        optimizations.use_compile_cache(settings.compile_cache)
        generator = cls(settings, device, loading.choose_dtype(device, settings.precision))
        try:
            generator._models.put(None, generator._load_model(None, settings.default))
            if settings.models and settings.safety_checker not in (NO_CHECKER, OWN_CHECKER):
                generator._load_shared_checker()
        except Exception as error:
            if memory.is_out_of_memory(error):
                text = f"MODEL={settings.default.model!r} does not fit: {error}"
                raise ModelLoadError(text) from error
            raise
        return generator

    def warm_up(self) -> None:
        """Draw at the usual size: checks the model, allocates memory, measures it, compiles.

        Raises:
            ModelLoadError: the model loads but does not draw.
        """
        model = self._models.get(None)
        try:
            self._measure_capacity(None, model)
            self._compile(None, model)
        except Exception as error:
            raise ModelLoadError(f"{model.name} loads but does not draw: {error}") from error

    @property
    def model(self) -> ModelInfo:
        """The model and scheduler for a job that names neither."""
        return self._models.get(None).info()

    def peak_memory(self) -> int | None:
        """The most bytes that were allocated since the last call, the models included."""
        return memory.peak_bytes(self._device)

    def batch_key(self, parameters: GenerationParameters) -> Hashable:
        """Everything that has to be equal in one call of a pipeline."""
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
        """The measured capacity of the model; of the default model while it is not measured."""
        measured = self._capacities.get(parameters.model) or self._capacities.get(None)
        return measured.pictures(prod(parameters.finished_size)) if measured else 1

    def generate(
        self, requests: Sequence[GenerationRequest], on_step: OnStep
    ) -> Sequence[Generation | Exception]:
        """Draw the pictures of all requests, in as few calls of the pipeline as memory allows."""
        with optimizations.nothing_compiled(self._compile_mode):
            try:
                return self._generate(requests, on_step)
            except DeviceLostError:
                raise
            except Exception as error:
                raise_if_lost(self._device, error)
                raise

    def _generate(
        self, requests: Sequence[GenerationRequest], on_step: OnStep
    ) -> Sequence[Generation | Exception]:
        common = requests[0].parameters
        pixels = prod(common.finished_size)
        try:
            allowed = self._models.spec(common.model).max_pixels
            if allowed and pixels > allowed:
                raise UnsupportedJobError(f"the job needs {pixels} pixels, {allowed} are allowed")
            model = self._models.get(common.model)
            if common.model not in self._capacities:
                self._measure_capacity(common.model, model)
        except WorkerError as error:
            raise_if_lost(self._device, error)
            return [error] * len(requests)
        items = list_items(requests)
        run = BatchRun(
            model,
            self._capacities[common.model],
            on_step,
            lambda: self._models.evict_others(common.model),
        )
        run.draw(items)
        return list_generations(items, run.results, model.info(common.scheduler), run.seconds)

    def _load_model(self, name: str | None, spec: ModelSpec) -> LoadedModel:
        # Compiling takes minutes without a cache: only the default model is compiled.
        mode = self._compile_mode if name is None else "off"
        model = loading.load(spec, name, self._device, self._dtype, mode)
        if model.safety_checker is None and self._settings.safety_checker == OWN_CHECKER:
            raise ModelLoadError(
                f"MODEL={spec.model!r} has no safety checker, which SAFETY_CHECKER=model demands; "
                "allowed: a pipeline that has one, or the folder or hub id of a pipeline whose "
                "safety checker is used"
            )
        if model.safety_checker is None and self._settings.safety_checker != NO_CHECKER:
            model.safety_checker = self._load_shared_checker()
        return model

    def _load_shared_checker(self) -> SafetyChecker:
        """The checker of all models that have none of their own, loaded once."""
        if self._shared_checker is None:
            source = self._settings.safety_checker
            self._shared_checker = SafetyChecker.load(source, self._device, self._dtype)
        return self._shared_checker

    def _has_memory_for(self, spec: ModelSpec) -> bool:
        free = memory.free_bytes(self._device)
        weights = memory.weights_bytes(Path(spec.model), spec.variant)
        return free is None or free > _MEMORY_PER_WEIGHTS * weights

    def _measure_capacity(self, name: str | None, model: LoadedModel) -> None:
        """Find out how many pictures fit, in the precision in which the model draws any.

        Raises:
            BlankPictureError: it draws none in full precision, either.
        """
        try:
            self._measure(name, model)
        except BlankPictureError:
            if not model.use_full_precision():
                raise
            log.warning("The model draws nothing in half precision and is changed to fp32")
            self._measure(name, model)

    def _measure(self, name: str | None, model: LoadedModel) -> None:
        width, height = self._usual_size(model)
        most = self._settings.max_batch
        if self._device.type == "cuda":
            self._capacities[name] = Capacity.measured(
                memory.GpuMeter(self._device),
                lambda count: self._draw_warm_up(model, count),
                width * height,
                most,
            )
        else:
            self._capacities[name] = Capacity.on_cpu(width * height, most)
            self._draw_warm_up(model, 1)

    def _compile(self, name: str | None, model: LoadedModel) -> None:
        """Compile for one picture and for each doubling up to a full batch, at the usual size."""
        if not model.compiled_networks:
            return
        size = width, height = self._usual_size(model)
        most = self._capacities[name].pictures(width * height)
        counts = sorted({*(count for count in (1, 2, 4, 8, 16, 32) if count < most), most})
        for count in counts:
            started = time.perf_counter()
            try:
                with ExitStack() as stack:
                    for network in model.compiled_networks:
                        stack.enter_context(network.compiling())
                    self._draw_warm_up(model, count)
            except Exception as error:  # noqa: BLE001 - compilers raise many classes
                raise_if_lost(self._device, error)
                if memory.is_out_of_memory(error) and count > 1:
                    memory.release(self._device)
                    self._capacities[name].reduce(count, width * height)
                    return
                # Slower pictures are better than none.
                log.warning(
                    "The networks do not compile and run uncompiled",
                    extra={"error": type(error).__name__},
                )
                for network in model.compiled_networks:
                    network.stop_compiled_code()
                memory.release(self._device)
                return
            model.add_compiled_count(count, size, _usual_guidance(model.spec))
            seconds = round(time.perf_counter() - started, 2)
            log.info("The networks are compiled", extra={"pictures": count, "seconds": seconds})

    def _usual_size(self, model: LoadedModel) -> tuple[int, int]:
        width, height = model.native_size
        return self._settings.usual_width or width, self._settings.usual_height or height

    def _draw_warm_up(self, model: LoadedModel, count: int) -> None:
        width, height = self._usual_size(model)
        parameters = GenerationParameters(
            prompt="warm-up",
            seed=0,
            steps=_WARM_UP_STEPS,
            guidance=_usual_guidance(model.spec),
            width=width,
            height=height,
            images=count,
        )
        request = GenerationRequest(parameters, safety_check=False)
        drawn, _seconds = draw(model, list_items([request]), lambda *_step: None)
        if all(picture.image is None for picture in drawn):
            raise BlankPictureError(f"the {len(drawn)} pictures of the warm-up are black")


def _usual_guidance(spec: ModelSpec) -> float:
    return _USUAL_GUIDANCE if spec.guidance is None else spec.guidance
