"""A GPU that is lost: no job is lost or drawn twice, and no worker goes on to fail every job.

The errors are of the classes that torch raises, with its texts, raised where a GPU raises them.
"""

import json
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch

from discord_diffusion import logs
from discord_diffusion.worker import __main__
from discord_diffusion.worker.errors import (
    DeviceLostError,
    GenerationError,
    ModelLoadError,
    UnsupportedJobError,
)
from discord_diffusion.worker.pipeline import device_loss, loading, placement, warm_up
from discord_diffusion.worker.pipeline.generator import DiffusersGenerator
from discord_diffusion.worker.pipeline_types import Generation, GenerationRequest
from discord_diffusion.worker.shutdown import UNUSABLE
from tests.unit.worker.fakes import (
    MemoryPublisher,
    MemoryQueue,
    make_job,
    make_message,
    make_parameters,
    make_settings,
)
from tests.unit.worker.pipeline.drawing import draw, ignore, load
from tests.unit.worker.pipeline.faults import FragileDevice, default_model, intercepted
from tests.unit.worker.worker_harness import Harness

ERRORS = [
    torch.AcceleratorError("CUDA error: an illegal memory access was encountered"),
    torch.AcceleratorError("CUDA error: unspecified launch failure"),
    torch.AcceleratorError("CUDA error: device-side assert triggered"),
    torch.AcceleratorError("CUDA error: uncorrectable ECC error encountered"),
    # Its own __init__ asks CUDA's run time for the text, which a build for the CPU lacks.
    torch.cuda.CudaError.__new__(torch.cuda.CudaError, "unspecified launch failure (719)"),
    torch.cuda.DeferredCudaCallError("CUDA call failed lazily at initialization with error: 46"),
    RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"),
    RuntimeError("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR"),
    RuntimeError("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasGemmEx(...)`"),
    RuntimeError("CUDA driver error: unknown error"),
    RuntimeError("NCCL Error 1: unhandled cuda error (run with NCCL_DEBUG=INFO for details)"),
    torch.AcceleratorError("CUDA error: no kernel image is available for execution on the device"),
    torch.FatalError("CUDA error: the launch timed out and was terminated"),
    torch.linalg.LinAlgError("cusolver error: CUSOLVER_STATUS_EXECUTION_FAILED"),
    RuntimeError("No CUDA GPUs are available"),
    RuntimeError("CUDA unknown error - this may be due to an incorrectly set up environment"),
    RuntimeError(
        "Unexpected error from cudaGetDeviceCount(). Error 802: system not yet initialized"
    ),
    RuntimeError("nvrtc: error: invalid value for --gpu-architecture (-arch)"),
    AssertionError("Torch not compiled with CUDA enabled"),
]
ABOUT_MEMORY = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    torch.AcceleratorError("CUDA error: out of memory"),
    RuntimeError("CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`"),
    RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    MemoryError(),
]
ONE_OF_EACH_CLASS = [*{type(error): error for error in ERRORS}.values()]
"""The texts of these errors are not read: what may differ from place to place is what is caught."""


_OF_NO_GPU = {
    "Error": "TorchScript (`torch.jit.Error`), which the worker does not run",
    **dict.fromkeys(
        ("DistBackendError", "DistError", "DistNetworkError", "DistStoreError", "QueueEmptyError"),
        "processes that compute together, which the worker has none of",
    ),
}
"""Classes of torch's errors that no GPU of one process raises, and why."""
SHOWN = {"ids": lambda value: str(value)[:48] if isinstance(value, Exception) else str(value)}


@pytest.fixture(scope="module")
def generator(tiny_model_folder: Path) -> DiffusersGenerator:
    return load(tiny_model_folder)


Strike = Callable[..., FragileDevice]


@pytest.fixture
def strike(generator: DiffusersGenerator, monkeypatch: pytest.MonkeyPatch) -> Strike:
    """Lets a part of the default model, `unet` or `vae`, run on a fragile device."""

    def on(part: str, error: Exception, **options: Any) -> FragileDevice:
        device = FragileDevice(error, **options)
        pipe = default_model(generator).text_to_image
        owner: Any = pipe.unet if part == "unet" else pipe.vae.decoder
        original = owner.forward

        def forward(*arguments: Any, **named: Any) -> Any:
            device.before_call()
            return original(*arguments, **named)

        monkeypatch.setattr(owner, "forward", forward)
        monkeypatch.setattr(device_loss, "compute", device.compute)
        return device

    return on


@pytest.mark.parametrize(
    ("place", "error"),
    [
        *product([("unet", 1)], [*ERRORS, *ABOUT_MEMORY]),
        *product([("unet", 3), ("vae", 1)], [*ONE_OF_EACH_CLASS, *ABOUT_MEMORY]),
    ],
    **SHOWN,
)
def test_an_error_after_which_nothing_works_ends_the_worker_whatever_its_text(
    generator: DiffusersGenerator, strike: Strike, place: tuple[str, int], error: Exception
) -> None:
    part, call = place
    device = strike(part, error, strikes_at=call)
    requests = [GenerationRequest(make_parameters(seed=seed)) for seed in (1, 50)]
    with pytest.raises(DeviceLostError):
        generator.generate(requests, ignore)
    assert device.calls <= call + 1, "only a decoder that is short of memory tries once more"


@pytest.mark.parametrize("error", ONE_OF_EACH_CLASS, **SHOWN)
@pytest.mark.parametrize("part", ["unet", "vae"])
def test_an_error_of_one_call_fails_its_job_and_the_worker_goes_on(
    generator: DiffusersGenerator, strike: Strike, part: str, error: Exception
) -> None:
    strike(part, error, lasting=False)
    request = GenerationRequest(make_parameters(steps=1, images=1))
    [result] = generator.generate([request], ignore)
    assert isinstance(result, GenerationError)
    [result] = generator.generate([request], ignore)
    assert isinstance(result, Generation)


@pytest.mark.parametrize("fault", ["an error", "no numbers"])
def test_a_model_that_draws_no_more_on_a_device_that_computes_ends_the_worker(
    generator: DiffusersGenerator, fault: str
) -> None:
    """Weights that were overwritten, say: the probe passes, but every later job would fail."""

    def fail(latents: torch.Tensor) -> None:
        if fault == "an error":
            raise RuntimeError("cuDNN error: CUDNN_STATUS_BAD_PARAM")
        latents.fill_(torch.nan)

    request = GenerationRequest(make_parameters())
    unet = default_model(generator).text_to_image.unet
    with intercepted(unet, "forward", fail), pytest.raises(DeviceLostError, match="draws no more"):
        generator.generate([request], ignore)
    assert draw(generator, make_parameters()).pictures


def test_a_named_model_that_draws_no_more_is_loaded_anew_and_costs_no_other_model(
    tiny_model_folder: Path,
) -> None:
    models = json.dumps({"other": {"model": str(tiny_model_folder)}})
    generator = load(tiny_model_folder, MODELS=models)
    named = make_parameters(model="other")
    draw(generator, named)
    broken = generator._models.get("other").text_to_image.unet
    for weights in broken.parameters():
        weights.data.fill_(torch.nan)
    [result] = generator.generate([GenerationRequest(named)], ignore)
    assert isinstance(result, GenerationError)
    assert generator._models.loaded_names == (None,)
    assert draw(generator, named).pictures


def test_a_default_model_that_can_not_be_loaded_again_ends_the_worker(
    tiny_model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = load(tiny_model_folder)
    generator._models.evict(None)

    def fail(*_: object, **__: object) -> None:
        raise ModelLoadError("the disk is gone")

    monkeypatch.setattr(loading, "load", fail)
    with pytest.raises(DeviceLostError, match="the disk is gone"):
        generator.generate([GenerationRequest(make_parameters())], ignore)


def test_a_job_that_asks_for_what_there_is_not_does_not_end_the_worker(
    generator: DiffusersGenerator,
) -> None:
    [result] = generator.generate([GenerationRequest(make_parameters(model="other"))], ignore)
    assert isinstance(result, UnsupportedJobError)


def test_every_class_of_error_that_torch_has_for_a_gpu_is_raised_here() -> None:
    modules = (torch, torch.cuda, torch._C, torch.distributed, torch.linalg)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        known = {
            value
            for module in modules
            for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, Exception)
        }
    raised = {type(error) for error in (*ONE_OF_EACH_CLASS, *ABOUT_MEMORY)}
    assert {kind.__name__ for kind in known - raised} == set(_OF_NO_GPU)


class Start:
    """A worker's start on a fragile device: loading and warm-up fail where a GPU would."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.monkeypatch = folder, monkeypatch

    def breaks(self, where: str, error: Exception, *, lasting: bool) -> None:
        """Let the next start of a model fail there."""
        device = FragileDevice(error, lasting=lasting)
        owner, name = {
            "load": (loading, "_from_pretrained"),
            "place": (placement, "place"),
            "warm-up": (warm_up, "draw"),
        }[where]
        self.monkeypatch.setattr(owner, name, lambda *_words: device.before_call())
        self.monkeypatch.setattr(device_loss, "compute", device.compute)

    def of_default_model(self) -> None:
        """Load it, and draw its first picture."""
        settings = make_settings(MODEL=str(self.folder), DEVICE="cpu", TORCH_THREADS="1")
        DiffusersGenerator.load(settings.pipeline).warm_up()

    def two_models(self) -> tuple[DiffusersGenerator, GenerationRequest]:
        """A generator with its default model, and a job of another one, which is not loaded."""
        other = json.dumps({"other": {"model": str(self.folder)}})
        settings = make_settings(
            MODEL=str(self.folder), DEVICE="cpu", TORCH_THREADS="1", MODELS=other
        )
        return DiffusersGenerator.load(settings.pipeline), GenerationRequest(
            make_parameters(model="other")
        )


@pytest.fixture(scope="module")
def loaded_pipe(tiny_model_folder: Path) -> Any:
    """A pipeline in memory. A generator changes its pipeline, so two cannot have the same."""
    return default_model(load(tiny_model_folder)).text_to_image


@pytest.fixture
def start(loaded_pipe: Any, tiny_model_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Of a model that is in memory already, so that only what fails takes time."""
    monkeypatch.setattr(loading, "_from_pretrained", lambda *_words: loaded_pipe)
    monkeypatch.setattr(loading, "optimize", lambda *_words: ())
    return Start(tiny_model_folder, monkeypatch)


@pytest.mark.parametrize("error", [*ONE_OF_EACH_CLASS, *ABOUT_MEMORY], **SHOWN)
@pytest.mark.parametrize("where", ["load", "place", "warm-up"])
def test_a_start_ends_by_the_device_if_it_is_lost_and_by_the_model_if_not(
    start: Start, where: str, error: Exception
) -> None:
    for lasting, expected in ((True, DeviceLostError), (False, ModelLoadError)):
        start.breaks(where, error, lasting=lasting)
        with pytest.raises(expected):
            start.of_default_model()


@pytest.mark.parametrize("error", [*ONE_OF_EACH_CLASS, *ABOUT_MEMORY], **SHOWN)
@pytest.mark.parametrize("where", ["load", "place", "warm-up"])
def test_a_job_whose_model_cannot_start_on_a_lost_device_ends_the_worker(
    start: Start, where: str, error: Exception
) -> None:
    two_models, request = start.two_models()
    start.breaks(where, error, lasting=True)
    with pytest.raises(DeviceLostError):
        two_models.generate([request], ignore)


@pytest.mark.parametrize("error", ONE_OF_EACH_CLASS, **SHOWN)
@pytest.mark.parametrize("where", ["load", "place", "warm-up"])
def test_a_job_whose_model_cannot_start_on_a_device_that_works_fails_alone(
    start: Start, where: str, error: Exception
) -> None:
    two_models, request = start.two_models()
    start.breaks(where, error, lasting=False)
    [result] = two_models.generate([request], ignore)
    assert isinstance(result, GenerationError)
    assert two_models._models.loaded_names == (None,)


@pytest.mark.parametrize(("part", "call"), [("unet", 2), ("vae", 1)])
def test_the_jobs_of_a_worker_whose_gpu_is_lost_are_answered_once_by_another_worker(
    generator: DiffusersGenerator,
    strike: Strike,
    monkeypatch: pytest.MonkeyPatch,
    part: str,
    call: int,
) -> None:
    jobs = [make_job() for _ in range(3)]
    queue, publisher = MemoryQueue(), MemoryPublisher()
    strike(part, ERRORS[0], strikes_at=call)
    first = Harness(queue=queue, publisher=publisher, dependencies={"generator": generator})
    with first:
        messages = [make_message(job.to_json()) for job in jobs]
        first.give(*messages)
        first.thread.join(60)
        first.worker.give_back()
    assert [type(error) for error in first.errors] == [DeviceLostError]
    assert (queue.deleted, publisher.sent, publisher.apologies) == ([], [], [])
    given_back = [receipt_handle for receipt_handle, _delay in queue.released]
    left = [message.receipt_handle for message in queue.waiting]
    assert sorted([*given_back, *left]) == sorted(message.receipt_handle for message in messages)

    monkeypatch.undo()  # a new process, on whose device nothing has failed
    queue.waiting = [make_message(job.to_json(), 2) for job in jobs]
    with Harness(queue=queue, publisher=publisher, dependencies={"generator": generator}) as second:
        second.settle()
    assert sorted(answer.job.id for answer in publisher.sent) == sorted(job.id for job in jobs)
    assert len(queue.deleted) == len(jobs)


@contextmanager
def logs_of_a_start() -> Iterator[None]:
    """What a start logs goes to standard output; afterwards pytest's handlers are there again."""
    root = logging.getLogger()
    level = root.level
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(root, "handlers", [])  # `configure` closes those that it finds
        patch.setattr(logs, "_options", logs._options)
        try:
            yield
        finally:
            logging.captureWarnings(False)
            root.setLevel(level)


@pytest.mark.parametrize("where", ["load", "warm-up"])
@pytest.mark.parametrize(("lost", "status"), [(True, UNUSABLE), (False, __main__.NO_MODEL)])
def test_a_worker_that_starts_on_a_lost_gpu_ends_with_status_4(
    start: Start,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    where: str,
    lost: bool,
    status: int,
) -> None:
    for name, value in {
        "QUEUE_URL": "http://127.0.0.1:1/0/jobs.fifo",
        "MODEL": str(start.folder),
        "DEVICE": "cpu",
        "TORCH_THREADS": "1",
        "PYTORCH_ALLOC_CONF": "",  # the worker sets it; the test takes it back
    }.items():
        monkeypatch.setenv(name, value)
    start.breaks(where, ERRORS[3], lasting=lost)
    with logs_of_a_start():
        assert __main__.main() == status
    printed = capsys.readouterr()
    assert "ECC error" in printed.out
    assert "Traceback" not in printed.err


def test_a_gpu_that_does_not_answer_is_not_replaced_by_the_cpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(loading, "NVIDIA_DRIVER", tmp_path)
    assert loading.choose_device("auto") == torch.device("cpu"), "a build of torch for the CPU"
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    assert loading.choose_device("cpu") == torch.device("cpu")
    with pytest.raises(DeviceLostError, match="does not answer"):
        loading.choose_device("auto")
    monkeypatch.setattr(loading, "NVIDIA_DRIVER", tmp_path / "missing")
    assert loading.choose_device("auto") == torch.device("cpu"), "a machine without a GPU"


def test_a_device_is_lost_if_it_fails_for_another_reason_than_its_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cpu = torch.device("cpu")
    assert device_loss.compute(cpu) == 64.0 * 64 * 8
    assert not device_loss.is_lost(cpu)
    for error in (*ERRORS, *ABOUT_MEMORY):
        monkeypatch.setattr(device_loss, "compute", FragileDevice(error).before_call)
        assert device_loss.is_lost(cpu) is (error in ERRORS)


def test_the_settings_of_a_device_do_not_hide_that_it_is_lost(
    tiny_model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = FragileDevice(ERRORS[0])
    monkeypatch.setattr(device_loss, "compute", device.compute)
    monkeypatch.setattr(loading, "configure_torch", lambda *_: device.before_call())
    with pytest.raises(DeviceLostError):
        DiffusersGenerator.load(make_settings(MODEL=str(tiny_model_folder)).pipeline)
