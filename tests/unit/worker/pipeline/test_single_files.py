"""A checkpoint in one file draws what its folder draws; nothing is fetched for it."""

import shutil
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import diffusers
import huggingface_hub
import huggingface_hub.constants
import pytest
import torch
import transformers
from transformers import CLIPTextConfig

from discord_diffusion.jobs.models import ModelSpec
from discord_diffusion.worker.errors import ModelLoadError
from discord_diffusion.worker.pipeline import loading, placement, single_files
from discord_diffusion.worker.plan import sources
from discord_diffusion.worker.plan.choice import MemoryPlan, choose
from discord_diffusion.worker.plan.machines import INSTANCES
from tests.unit.worker.fakes import make_parameters
from tests.unit.worker.pipeline import original_layout
from tests.unit.worker.pipeline.drawing import draw, load, pixels
from tests.unit.worker.pipeline.tiny_families import FAMILIES, save_family
from tests.unit.worker.plan.test_weight_counts import write_header

pytestmark = pytest.mark.filterwarnings("ignore")
LOADER: Any = diffusers.DiffusionPipeline
META = {"modelspec.prediction_type": "v"}


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_socket: object, address: object) -> None:
        raise AssertionError(f"a connection to {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)


def save_without_weights(folder: Path, target: Path) -> None:
    """The folder's configurations, schedulers and tokenizers."""

    def weights(_folder: str, names: list[str]) -> list[str]:
        return [name for name in names if name.endswith(".safetensors")]

    shutil.copytree(folder, target, ignore=weights)


def drawn(model: Path, **settings: str) -> list[Any]:
    return pixels(draw(load(model, **settings), make_parameters(images=2, steps=2)))


def same(left: list[Any], right: list[Any]) -> bool:
    return all((one == other).all() for one, other in zip(left, right, strict=True))


@pytest.mark.parametrize(
    ("family", "configuration", "metadata"),
    [
        ("sd", "stable-diffusion-1", None),
        ("sd-2.1", "stable-diffusion-2", META),
        ("sdxl", "sdxl", None),
    ],
)
def test_a_file_by_itself_draws_what_its_folder_draws(
    family: str,
    configuration: str,
    metadata: dict[str, str] | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torch.manual_seed(0)
    pipe = FAMILIES[family]()
    for name in [name for name in pipe.components if name.startswith("tokenizer")]:
        encoder = name.replace("tokenizer", "text_encoder")
        pad = single_files._PADS.get(configuration, {}).get(name, single_files._END)
        known = single_files.tokenizer(pad)
        config = getattr(pipe, encoder).config
        config.vocab_size, config.eos_token_id = len(known), 2
        made = type(getattr(pipe, encoder))(CLIPTextConfig(**config.to_dict())).eval()
        pipe.register_modules(**{name: known, encoder: made})
    pipe.save_pretrained(tmp_path / "folder")
    packed = tmp_path / "packed"
    save_without_weights(tmp_path / "folder", packed / configuration)
    monkeypatch.setattr(single_files, "CONFIGURATIONS", packed)
    file = tmp_path / "files" / "model.v2.safetensors"
    file.parent.mkdir()
    original_layout.save(pipe, file, metadata=metadata)
    generator = load(file)
    assert generator.model.name == "model.v2"
    made = pixels(draw(generator, make_parameters(images=2, steps=2)))
    assert same(made, drawn(tmp_path / "folder", SAFETY_CHECKER="none"))


def test_a_file_in_the_folder_of_a_pipeline_takes_from_it_what_it_lacks(tmp_path: Path) -> None:
    save_family("sd", tmp_path / "folder")
    pipe = LOADER.from_pretrained(tmp_path / "folder")
    expected = drawn(tmp_path / "folder")
    state = original_layout.unet(pipe.unet)
    original_layout.write(state, tmp_path / "folder" / "denoiser.safetensors")
    broken = next((tmp_path / "folder" / "unet").glob("*.safetensors"))
    broken.unlink()
    assert same(drawn(tmp_path / "folder" / "denoiser.safetensors"), expected)
    state |= original_layout.clip(pipe.text_encoder, "cond_stage_model.transformer.")
    original_layout.write(state, tmp_path / "folder" / "no-vae.safetensors")
    assert same(drawn(tmp_path / "folder" / "no-vae.safetensors"), expected)
    for name in ("denoiser", "no-vae"):
        spec = ModelSpec(str(tmp_path / "folder" / f"{name}.safetensors"))
        model = loading.load(spec, None, torch.device("cpu"), torch.float32, "off")
        assert model.safety_checker, "that of the folder"


@pytest.mark.parametrize("plan", [None, MemoryPlan("fp32", straight=True)])
def test_a_transformer_alone_is_completed_by_the_folder_that_it_is_in(
    plan: MemoryPlan | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_family("sd3", tmp_path)
    expected = drawn(tmp_path)
    network = diffusers.SD3Transformer2DModel.from_pretrained(tmp_path / "transformer")
    shutil.rmtree(tmp_path / "transformer")
    file = tmp_path / "tuned.safetensors"
    original_layout.write(original_layout.sd3(network), file)
    (tmp_path / "transformer").mkdir()
    network.save_config(tmp_path / "transformer")
    monkeypatch.setattr(placement, "plan", lambda *_words: plan)
    assert same(drawn(file), expected)


def refusal(file: Path, plan: MemoryPlan | None = None) -> str:
    with pytest.raises(ModelLoadError) as caught:
        single_files.load(file, torch.float32, torch.device("cpu"), plan, None)
    return str(caught.value)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    save_family("sd", tmp_path / "folder")
    pipe = LOADER.from_pretrained(tmp_path / "folder")
    alone = tmp_path / "files" / "alone.safetensors"
    alone.parent.mkdir()
    original_layout.write(original_layout.unet(pipe.unet), alone)
    assert "holds unet alone: put it into the folder of the pipeline" in refusal(alone)
    encoder = original_layout.clip(pipe.text_encoder, "cond_stage_model.transformer.")
    original_layout.write(original_layout.unet(pipe.unet) | encoder, alone)
    assert "holds no autoencoder: name one (MODEL_VAE" in refusal(alone)
    assert "in which no single file is loaded" in refusal(alone, MemoryPlan("fp32", straight=True))
    other = tmp_path / "folder" / "other.safetensors"
    original_layout.write({"joint_blocks.0.x_block.mlp.fc1.weight": torch.ones(2)}, other)
    assert "other.safetensors holds a transformer, which the pipeline" in refusal(other)
    beside = tmp_path / "folder" / "cut.safetensors"
    state = original_layout.unet(pipe.unet) | encoder | original_layout.autoencoder(pipe.vae)
    del state["model.diffusion_model.out.2.bias"]
    original_layout.write(state, beside)
    assert refusal(beside) == "cut.safetensors lacks tensors of its networks: it is cut"


def test_the_autoencoder_in_an_images_folder_takes_the_place_of_the_files_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = FAMILIES["sd"]()
    packed = tmp_path / "packed" / "stable-diffusion-1"
    pipe.save_pretrained(packed)
    image = tmp_path / "model"
    image.mkdir()
    original_layout.save(pipe, image / "a.safetensors")
    for value in pipe.vae.parameters():
        value.data.fill_(0.5)
    pipe.vae.save_pretrained(image / "vae")
    monkeypatch.setattr(single_files, "CONFIGURATIONS", tmp_path / "packed")
    monkeypatch.setattr(single_files, "tokenizer", lambda _pad: pipe.tokenizer)
    model = loading.load(ModelSpec(str(image)), None, torch.device("cpu"), torch.float32, "off")
    assert {float(value.mean()) for value in model.text_to_image.vae.parameters()} == {0.5}
    assert model.name == "a"


@pytest.mark.parametrize("fetched", ["model_index.json", "vae/config.json"])
def test_what_the_hubs_cache_has_beside_a_file_is_not_taken_for_its_pipeline(
    fetched: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pipeline of the same repository may have been fetched in part."""
    pipe = FAMILIES["sd"]()
    packed = tmp_path / "packed" / "stable-diffusion-1"
    pipe.save_pretrained(packed)
    monkeypatch.setattr(single_files, "CONFIGURATIONS", tmp_path / "packed")
    monkeypatch.setattr(single_files, "tokenizer", lambda _pad: pipe.tokenizer)
    snapshot = tmp_path / "snapshots" / "a1"
    (snapshot / fetched).parent.mkdir(parents=True)
    shutil.copy(packed / fetched, snapshot / fetched)
    original_layout.save(pipe, snapshot / "a.safetensors")
    monkeypatch.setattr(
        huggingface_hub,
        "hf_hub_download",
        lambda *_words, **_named: str(snapshot / "a.safetensors"),
    )
    spec = ModelSpec("org/name/a.safetensors")
    assert loading.load(spec, None, torch.device("cpu"), torch.float32, "off").name == "a"


def test_a_folder_of_loose_autoencoders_beside_a_file_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = FAMILIES["sd"]()
    pipe.save_pretrained(tmp_path / "packed" / "stable-diffusion-1")
    monkeypatch.setattr(single_files, "CONFIGURATIONS", tmp_path / "packed")
    monkeypatch.setattr(single_files, "tokenizer", lambda _pad: pipe.tokenizer)
    original_layout.save(pipe, tmp_path / "a.safetensors")
    (tmp_path / "vae").mkdir()
    (tmp_path / "vae" / "other.safetensors").touch()
    spec = ModelSpec(str(tmp_path / "a.safetensors"))
    assert loading.load(spec, None, torch.device("cpu"), torch.float32, "off").name == "a"


def test_a_pipeline_that_is_on_the_hub_only_is_named_where_the_hub_is_not_reached(
    tmp_path: Path,
) -> None:
    file = tmp_path / "flux.safetensors"
    original_layout.write({"double_blocks.0.img_attn.norm.key_norm.scale": torch.ones(2)}, file)
    said = refusal(file)
    assert "the rest is that of black-forest-labs/FLUX.1-schnell, which is not on this" in said


def test_a_missing_file_is_refused_by_the_load(tmp_path: Path) -> None:
    for name, reason in (
        (str(tmp_path / "a.safetensors"), "there is no file"),
        ("a.ckpt", "pickled files"),
        (
            "org/name/a.safetensors",
            "no file a.safetensors of org/name here, and",
        ),
    ):
        spec = ModelSpec(name)
        with pytest.raises(ModelLoadError, match=reason):
            loading.load(spec, None, torch.device("cpu"), torch.float32, "off")


def test_a_file_that_says_that_it_predicts_velocity_gets_such_a_scheduler(tmp_path: Path) -> None:
    save_family("sd", tmp_path)
    pipe = LOADER.from_pretrained(tmp_path)
    state = original_layout.unet(pipe.unet) | original_layout.autoencoder(pipe.vae)
    state |= original_layout.clip(pipe.text_encoder, "cond_stage_model.transformer.")
    marks = {"v_pred": torch.zeros(0), "ztsnr": torch.zeros(0)}
    original_layout.write(state | marks, tmp_path / "marked.safetensors")
    made = single_files.load(
        tmp_path / "marked.safetensors", torch.float32, torch.device("cpu"), None, None
    )
    config = made.scheduler.config
    assert (config.prediction_type, config.rescale_betas_zero_snr, config.timestep_spacing) == (
        "v_prediction",
        True,
        "trailing",
    )


def test_the_tokenizer_in_the_package_is_that_of_clip() -> None:
    """The numbers are those of the tokenizer that OpenAI published."""
    known = single_files.tokenizer()
    assert known("a photo of a cat")["input_ids"] == [49406, 320, 1125, 539, 320, 2368, 49407]
    assert known("hello world")["input_ids"] == [49406, 3306, 1002, 49407]
    assert (len(known), known.pad_token_id, single_files.tokenizer("!").pad_token_id) == (
        49408,
        49407,
        0,
    )
    known.add_tokens(["<my-cat>"])
    assert len(single_files.tokenizer()) == 49408, "a word of one model is none of another"


@pytest.mark.parametrize(
    ("configuration", "counts"),
    [
        ("stable-diffusion-1", {"unet": 859_520_964, "text_encoder": 123_060_480}),
        ("stable-diffusion-2", {"unet": 865_910_724, "text_encoder": 340_387_840}),
        (
            "sdxl",
            {"unet": 2_567_463_684, "text_encoder": 123_060_480, "text_encoder_2": 694_659_840},
        ),
    ],
)
def test_the_configurations_in_the_package_are_of_the_published_size(
    configuration: str, counts: dict[str, int], tmp_path: Path
) -> None:
    """Networks at full size without values; a file with their names is planned as they are."""
    folder = single_files.CONFIGURATIONS / configuration
    counts = counts | {"vae": 83_653_863}
    networks = SimpleNamespace()
    for name, count in counts.items():
        library, kind = LOADER.load_config(folder)[name]
        made: Any = getattr({"diffusers": diffusers, "transformers": transformers}[library], kind)
        with torch.device("meta"):
            if library == "transformers":
                network = made(CLIPTextConfig.from_pretrained(folder / name))
            else:
                network = made.from_config(made.load_config(str(folder), subfolder=name))
        setattr(networks, name, network)
        assert sum(value.numel() for value in network.state_dict().values()) == count
    is_second = configuration == "stable-diffusion-2"
    state = original_layout.whole(networks, META if is_second else None)
    shapes = {name: list(value.shape) for name, value in state.items()}
    write_header(tmp_path / "whole.safetensors", shapes)
    weights = sources.find(str(tmp_path / "whole.safetensors"), network=False)
    for found in weights.networks:
        assert found.parameters == pytest.approx(counts.pop(found.name), abs=77), found.name
    assert not counts
    assert choose(weights, INSTANCES["g4dn.xlarge"]).precision == "fp16"
