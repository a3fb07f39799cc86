"""The generator: keeps the models of a deployment on one device and draws batches with them."""

import logging
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from math import prod

import torch

from discord_diffusion.jobs.additions import for_model
from discord_diffusion.jobs.models import ModelSpec
from discord_diffusion.jobs.options import PARAMETERS
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.settings.worker import NO_CHECKER, OWN_CHECKER, PipelineSettings
from discord_diffusion.worker.errors import (
    BlankPictureError,
    DeviceLostError,
    GenerationError,
    ModelLoadError,
    OutOfMemoryError,
    UnsupportedJobError,
    WorkerError,
)
from discord_diffusion.worker.pipeline import compilation, loading, memory, placement
from discord_diffusion.worker.pipeline.batch import list_generations, list_items
from discord_diffusion.worker.pipeline.capacity import Capacity
from discord_diffusion.worker.pipeline.device_loss import lost_device_raised, raise_if_lost
from discord_diffusion.worker.pipeline.loaded_model import LoadedModel
from discord_diffusion.worker.pipeline.loading import Additions
from discord_diffusion.worker.pipeline.model_cache import ModelCache
from discord_diffusion.worker.pipeline.prompts import unread_part
from discord_diffusion.worker.pipeline.recovery import BatchRun
from discord_diffusion.worker.pipeline.safety_checker import SafetyChecker
from discord_diffusion.worker.pipeline.warm_up import WarmUp
from discord_diffusion.worker.pipeline_types import (
    Generation,
    GenerationRequest,
    ModelInfo,
    OnStep,
)

log = logging.getLogger(__name__)

_MEMORY_PER_WEIGHTS = 1.3
"""Memory that must be free to load a model, as a multiple of its weights in its precision."""


class DiffusersGenerator:
    """Draws with the models of a deployment on one device, for one caller at a time."""

    def __init__(
        self, settings: PipelineSettings, device: torch.device, dtype: torch.dtype
    ) -> None:
        self._settings = settings
        self._device = device
        self._dtype = dtype
        self._compile_mode = compilation.choose_compile_mode(
            settings.compile, device, settings.compile_cache
        )
        self._models = ModelCache(
            dict[str | None, ModelSpec]({None: settings.default}) | dict(settings.models.items()),
            self._load_model,
            self._has_memory_for,
        )
        self._capacities: dict[str | None, Capacity] = {}
        self._raised_precisions: dict[str | None, int] = {}
        """How often a model's precision had to be raised until it drew; done again at a reload."""
        self._exact_decoders: set[str | None] = set()
        """The models whose autoencoders overflowed in a trial; in fp32 from a reload on."""
        self._unusable: dict[str | None, str] = {}
        """Why a model draws nothing on this device."""
        self._shared_checker: SafetyChecker | None = None

    @classmethod
    def load(cls, settings: PipelineSettings) -> "DiffusersGenerator":
        """Load the default model of the settings.

        Raises:
            ModelLoadError: the text says what is wrong.
            DeviceLostError: nothing can be computed on the device.
        """
        device = loading.choose_device(settings.device)
        with lost_device_raised(device):
            loading.configure_torch(device, settings.torch_threads)
            compilation.use_compile_cache(settings.compile_cache)
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
            DeviceLostError: nothing can be computed on the device.
        """
        with lost_device_raised(self._device):
            model = self._models.get(None)
            try:
                self._measure(None, model)
                WarmUp(model, self._settings).compile(self._capacities[None])
            except DeviceLostError:
                raise
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
            *(getattr(parameters, option.name) for option in PARAMETERS if option.in_batch_key),
            # Models differ in what no negative prompt and an empty one mean.
            bool(parameters.drawn_negative_prompt),
            (source.strength, source.scale, source.keeps_part) if source else None,
        )

    def capacity(self, parameters: GenerationParameters) -> int:
        """By the measured capacity of the model; the default model's while it is not measured."""
        measured = self._capacities.get(parameters.model) or self._capacities.get(None)
        return measured.batch(prod(parameters.finished_size), parameters.steps) if measured else 1

    def generate(
        self, requests: Sequence[GenerationRequest], on_step: OnStep
    ) -> Sequence[Generation | Exception]:
        """Draw the pictures of all requests, in as few calls of the pipeline as memory allows.

        Raises:
            DeviceLostError: nothing can be drawn any more in this process.
        """
        with (
            compilation.nothing_compiled(self._compile_mode),
            lost_device_raised(self._device),
        ):
            return self._generate(requests, on_step)

    def _generate(
        self, requests: Sequence[GenerationRequest], on_step: OnStep
    ) -> Sequence[Generation | Exception]:
        common = requests[0].parameters
        pixels = prod(common.finished_size)
        try:
            allowed = self._models.spec(common.model).max_pixels
            if allowed and pixels > allowed:
                raise UnsupportedJobError(f"the job needs {pixels} pixels, {allowed} are allowed")
            model = self._measured_model(common.model)
        except UnsupportedJobError as error:
            return [_without_frames(error)] * len(requests)
        except WorkerError as error:
            raise_if_lost(self._device, error)
            if common.model is None:
                raise DeviceLostError(f"the default model is gone: {error}") from error
            return [_without_frames(error)] * len(requests)
        items = list_items(
            [
                replace(request, parameters=model.loras.with_triggers(request.parameters))
                for request in requests
            ]
        )
        run = BatchRun(
            model,
            self._capacities[common.model],
            on_step,
            lambda: self._models.evict_others(common.model),
        )
        run.draw(items)
        made = list_generations(items, run.results, model.info(common.scheduler), run.seconds)
        for place, result in enumerate(made):
            if isinstance(result, Generation):
                unread = unread_part(model.text_to_image, requests[place].parameters.drawn_prompt)
                made[place] = replace(result, unread=unread)
        for result in made:
            if isinstance(result, GenerationError) and not isinstance(result, UnsupportedJobError):
                self._check(common.model, model, result)
                break
        return made

    def _measured_model(self, name: str | None) -> LoadedModel:
        """The model, which has drawn; loads it if necessary.

        Raises:
            UnsupportedJobError: there is no such model, or it draws nothing on this device.
            OutOfMemoryError: it does not fit into memory even alone.
            GenerationError: it cannot be loaded, or its first drawing failed.
        """
        if name in self._unusable:
            raise UnsupportedJobError(self._unusable[name])
        model = self._models.get(name)
        if name in self._capacities:
            return model
        try:
            self._alone_if_necessary(name, lambda: self._measure(name, model))
        except BlankPictureError as error:
            self._unusable[name] = f"{model.name} draws nothing here: {error}"
            self._models.evict(name)
            raise UnsupportedJobError(self._unusable[name]) from None
        except Exception as error:
            self._models.evict(name)
            kind = OutOfMemoryError if memory.is_out_of_memory(error) else GenerationError
            text = f"{model.name} loads but does not draw: {type(error).__name__}: {error}"
            raise kind(text) from error
        return model

    def _measure(self, name: str | None, model: LoadedModel) -> None:
        self._capacities[name] = WarmUp(model, self._settings).measure()
        self._raised_precisions[name] = model.raised_precisions
        if model.decoder.overflowed_in_trial:
            self._exact_decoders.add(name)

    def _alone_if_necessary(self, name: str | None, work: Callable[[], object]) -> None:
        """Do work with a model; once more without the other models if memory runs out."""
        try:
            work()
        except Exception as error:
            if not memory.is_out_of_memory(error) or not self._models.evict_others(name):
                raise
        else:
            return
        work()

    def _check(self, name: str | None, model: LoadedModel, failure: GenerationError) -> None:
        """Find out by a trial whether it was the job that failed, or the model draws no more.

        Raises:
            DeviceLostError: the default model draws no more: every later job would fail.
        """
        if name not in self._models.loaded_names:
            return
        memory.release(self._device)
        try:
            warm_up = WarmUp(model, self._settings)
            self._alone_if_necessary(name, lambda: warm_up.draw(1))
        except Exception as error:
            raise_if_lost(self._device, error)
            log.error("The model draws no more", extra={"model": model.name})
            if name is None:
                text = f"{model.name} draws no more: {error}; the job before: {failure}"
                raise DeviceLostError(text) from error
            self._models.evict(name)  # it is loaded anew for the next job

    def _precision(self, spec: ModelSpec) -> torch.dtype:
        if spec.precision:
            return loading.choose_dtype(self._device, spec.precision)
        return self._dtype

    def _load_model(self, name: str | None, spec: ModelSpec) -> LoadedModel:
        # Compiling takes minutes without a cache: only the default model is compiled.
        mode = self._compile_mode if name is None else "off"
        dtype = self._precision(spec)
        settings = self._settings
        added = Additions(for_model(settings.loras, name), for_model(settings.embeddings, name))
        model = loading.load(spec, name, self._device, dtype, mode, added)
        if name in self._exact_decoders:
            model.decoder.keep_exact()
        for _time in range(self._raised_precisions.get(name, 0)):
            model.raise_precision()
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

    def _has_memory_for(self, name: str | None, spec: ModelSpec) -> bool:
        free = memory.free_bytes(self._device)
        loras = for_model(self._settings.loras, name)
        weights = placement.weights_bytes(spec, self._precision(spec), loras)
        return free is None or free > _MEMORY_PER_WEIGHTS * weights


def _without_frames(error: WorkerError) -> WorkerError:
    """The same error by itself: its frames hold a model, whose memory the next batch needs."""
    return type(error)(*error.args)
