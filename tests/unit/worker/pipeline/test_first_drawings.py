"""The warm-up proves by its pictures that a model draws, and finds the precision that it needs."""

import gc
import json
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch

from discord_diffusion.worker.errors import ModelLoadError, UnsupportedJobError
from discord_diffusion.worker.pipeline import loading
from discord_diffusion.worker.pipeline.generator import DiffusersGenerator
from discord_diffusion.worker.pipeline.loaded_model import LoadedModel
from discord_diffusion.worker.pipeline_types import GenerationRequest
from tests.unit.worker.fakes import make_parameters, make_settings
from tests.unit.worker.pipeline.drawing import draw, ignore, load
from tests.unit.worker.pipeline.faults import default_model

Spoil = Callable[[str, torch.dtype | None], None]


@pytest.fixture
def spoil(monkeypatch: pytest.MonkeyPatch) -> Spoil:
    """Lets a part of every model that is loaded from now on give no numbers in a precision.

    The part is `unet` or `vae`; None stands for every precision.
    """

    def on(part: str, precision: torch.dtype | None) -> None:
        from_pretrained = loading._from_pretrained

        def spoiled(*arguments: Any) -> Any:
            pipe = from_pretrained(*arguments)
            owner = pipe.unet if part == "unet" else pipe.vae.decoder
            forward = owner.forward

            def run(sample: torch.Tensor, *more: Any, **named: Any) -> Any:
                output = forward(sample, *more, **named)
                if precision not in (None, sample.dtype):
                    return output
                if isinstance(output, tuple):
                    return tuple(tensor * torch.nan for tensor in output)
                return torch.full_like(output, -1.0)  # black, not NaN

            owner.forward = run
            return pipe

        monkeypatch.setattr(loading, "_from_pretrained", spoiled)

    return on


def precisions(model: LoadedModel) -> dict[str, torch.dtype]:
    parts = model.text_to_image.components
    return {name: parts[name].dtype for name in ("unet", "vae", "text_encoder")}


def test_an_autoencoder_that_draws_black_in_half_precision_is_changed_alone(
    tiny_model_folder: Path, spoil: Spoil
) -> None:
    spoil("vae", torch.bfloat16)
    generator = load(tiny_model_folder, PRECISION="bf16")
    assert precisions(default_model(generator)) == {
        "unet": torch.bfloat16,
        "vae": torch.float32,
        "text_encoder": torch.bfloat16,
    }
    assert draw(generator, make_parameters()).pictures


def test_a_denoiser_without_numbers_in_half_precision_changes_every_network(
    tiny_model_folder: Path, spoil: Spoil
) -> None:
    spoil("unet", torch.bfloat16)
    generator = load(tiny_model_folder, PRECISION="bf16")
    assert set(precisions(default_model(generator)).values()) == {torch.float32}
    assert draw(generator, make_parameters()).pictures


@pytest.mark.parametrize("part", ["unet", "vae"])
@pytest.mark.parametrize("precision", ["bf16", "fp32"])
def test_a_model_that_draws_nothing_in_any_precision_fails_the_start(
    tiny_model_folder: Path, spoil: Spoil, part: str, precision: str
) -> None:
    spoil(part, None)
    settings = make_settings(MODEL=str(tiny_model_folder), PRECISION=precision, DEVICE="cpu")
    generator = DiffusersGenerator.load(settings.pipeline)
    with pytest.raises(ModelLoadError, match="does not draw: the 1 pictures of the warm-up"):
        generator.warm_up()


def test_a_model_that_is_loaded_again_keeps_the_precision_in_which_it_draws(
    tiny_model_folder: Path, spoil: Spoil
) -> None:
    spoil("unet", torch.bfloat16)
    models = json.dumps({"other": {"model": str(tiny_model_folder)}})
    generator = load(tiny_model_folder, PRECISION="bf16", MODELS=models)
    for _time in range(2):
        assert draw(generator, make_parameters(model="other")).pictures
        assert generator._models.evict_others(None)
    generator._models.evict(None)
    assert draw(generator, make_parameters()).pictures


def test_a_named_model_that_draws_nothing_is_refused_and_not_loaded_for_every_job(
    tiny_model_folder: Path, spoil: Spoil, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = json.dumps({"other": {"model": str(tiny_model_folder)}})
    generator = load(tiny_model_folder, MODELS=models)
    spoil("unet", None)
    loads: list[str | None] = []
    loaded: list[weakref.ref[LoadedModel]] = []
    original = generator._models.load

    def counted(name: str | None, spec: Any) -> LoadedModel:
        loads.append(name)
        model = original(name, spec)
        loaded.append(weakref.ref(model))
        return model

    monkeypatch.setattr(generator._models, "load", counted)
    for _time in range(2):
        [result] = generator.generate([GenerationRequest(make_parameters(model="other"))], ignore)
        assert isinstance(result, UnsupportedJobError)
        assert "draws nothing here" in str(result)
        gc.collect()
        assert loaded[0]() is None, "the error does not keep the model in memory"
    assert loads == ["other"]
    assert draw(generator, make_parameters()).pictures


def test_a_named_model_whose_first_drawing_does_not_fit_is_drawn_without_the_others(
    tiny_model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = json.dumps({"other": {"model": str(tiny_model_folder)}})
    generator = load(tiny_model_folder, MODELS=models)
    from discord_diffusion.worker.pipeline import warm_up

    original = warm_up.draw

    def draw_in_little_memory(*arguments: Any) -> Any:
        if len(generator._models.loaded_names) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return original(*arguments)

    monkeypatch.setattr(warm_up, "draw", draw_in_little_memory)
    assert draw(generator, make_parameters(model="other")).pictures


def test_each_model_may_have_a_precision_of_its_own(tiny_model_folder: Path) -> None:
    spec = {"model": str(tiny_model_folder), "precision": "bf16"}
    generator = load(tiny_model_folder, MODELS=json.dumps({"other": spec}))
    draw(generator, make_parameters(model="other"))
    assert set(precisions(generator._models.get("other")).values()) == {torch.bfloat16}
    assert set(precisions(default_model(generator)).values()) == {torch.float32}


def test_an_autoencoder_of_the_settings_takes_the_place_of_the_models_own(tmp_path: Path) -> None:
    """As SDXL's that does not overflow in fp16: then it needs no fp32, which a T4 is slow in."""
    from tests.unit.worker.pipeline.tiny_families import save_family

    save_family("sdxl", tmp_path / "model")
    untyped: Any = diffusers
    own = untyped.AutoencoderKL.from_pretrained(tmp_path / "model" / "vae")
    own.register_to_config(force_upcast=False)
    own.save_pretrained(tmp_path / "vae")
    for options, expected in (({}, torch.float32), ({"MODEL_VAE": "vae"}, torch.float16)):
        settings = {name: str(tmp_path / folder) for name, folder in options.items()}
        generator = load(tmp_path / "model", PRECISION="fp16", **settings)
        assert default_model(generator).text_to_image.vae.dtype is expected


def test_a_model_on_a_gpu_is_measured_by_drawing_more_and_more(
    tiny_model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model draws on the CPU; only what tells about a GPU is simulated."""
    from discord_diffusion.worker.pipeline import capacity, step_monitor, warm_up

    generator = load(tiny_model_folder, MAX_BATCH="4", DEFAULT_STEPS="8")
    model = default_model(generator)
    clock = [0.0]
    drawn: list[int] = []
    monkeypatch.setattr(LoadedModel, "device", torch.device("cuda"))
    monkeypatch.setattr(step_monitor.StepMonitor, "_wait_for_previous_step", lambda _self: None)
    for name, answer in {
        "mem_get_info": (10**9, 10**9),
        "memory_reserved": 0,
        "memory_allocated": 0,
        "max_memory_allocated": 100,
        "reset_peak_memory_stats": None,
        "synchronize": None,
    }.items():
        monkeypatch.setattr(torch.cuda, name, lambda _device, answer=answer: answer)
    original = warm_up.draw

    def draw_in_a_second(model: LoadedModel, items: Any, on_step: Any) -> Any:
        drawn.append(len(items))

        def stepped(*step: Any) -> None:
            clock[0] += 1.0
            on_step(*step)

        return original(model, items, stepped)

    monkeypatch.setattr(warm_up, "draw", draw_in_a_second)
    meter = capacity.GpuMeter(torch.device("cuda"), lambda: clock[0])
    monkeypatch.setattr(warm_up, "GpuMeter", lambda _device: meter)
    found = warm_up.WarmUp(model, generator._settings).measure()
    assert drawn == [1, 2, 4]
    assert found.pictures(32 * 32) == 4
    assert found.batch(32 * 32, steps=80) == 1
