"""What a checkpoint in one file is, told by the names of its tensors."""

import re
from pathlib import Path

import huggingface_hub
import pytest

from discord_diffusion.worker.plan import sources
from discord_diffusion.worker.plan.__main__ import main
from discord_diffusion.worker.plan.errors import UnknownWeightsError, UnusableFileError
from discord_diffusion.worker.plan.single_files import HubFile, describe, locate
from discord_diffusion.worker.plan.weights import Header
from tests.unit.worker.plan.test_weight_counts import write_header

START = "model.diffusion_model."
CONVOLUTION = {f"{START}input_blocks.0.0.weight": [320, 4, 3, 3]}
VAE = {"first_stage_model.decoder.conv_in.weight": [512, 4, 3, 3]}


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        ({"lora_unet_down.lora_up.weight": [1]}, "LoRA weights; list them in LORAS"),
        ({"control_model.input_blocks.0.0.weight": [1]}, "a ControlNet"),
        ({f"{START}input_blocks.0.0.weight": [320, 9, 3, 3]}, "an inpainting model"),
        ({f"{START}input_blocks.0.0.weight": [320, 8, 3, 3]}, "InstructPix2Pix"),
        (
            CONVOLUTION | {"conditioner.embedders.0.model.token_embedding.weight": [1]},
            "SDXL's refiner",
        ),
        (CONVOLUTION | {"edm_mean": [1]}, "Playground 2.5"),
        (VAE, "no denoiser of a family that is known: 1 tensors such as first_stage_model."),
        ({"emb_params": [2, 768]}, "no denoiser"),
    ],
)
def test_a_file_of_another_kind_is_refused_as_what_it_is(
    names: dict[str, list[int]], kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.safetensors"
    write_header(file, names)
    with pytest.raises(UnusableFileError, match=kind):
        sources.find(str(file))
    assert main([str(file), "--gpu", "T4", "--offline"]) == 2
    assert kind in capsys.readouterr().err


@pytest.mark.parametrize(
    ("names", "base"),
    [
        (["double_blocks.0.img_attn.norm.key_norm.scale"], "black-forest-labs/FLUX.1-schnell"),
        (
            ["double_blocks.0.img_attn.norm.key_norm.scale", "guidance_in.in_layer.bias"],
            "black-forest-labs/FLUX.1-dev",
        ),
        (
            [
                "double_blocks.0.img_attn.norm.key_norm.scale",
                "distilled_guidance_layer.in_proj.bias",
            ],
            "lodestones/Chroma1-HD",
        ),
        (
            ["joint_blocks.0.x_block.mlp.fc1.weight", "joint_blocks.37.x_block.mlp.fc1.weight"],
            "stabilityai/stable-diffusion-3.5-large",
        ),
        (["layers.0.adaLN_modulation.0.weight"], "Tongyi-MAI/Z-Image-Turbo"),
    ],
)
@pytest.mark.parametrize("start", ["", START])
def test_a_transformer_alone_is_of_a_pipeline_on_the_hub(
    names: list[str], base: str, start: str
) -> None:
    shapes = {start + name: (2, 3) for name in names} | {"model_ema.decay": (1,)}
    found = describe(Header(shapes, {}), "a.safetensors")
    assert (found.base, found.names) == (base, {"transformer"})
    assert found.networks[0].parameters == 6 * len(names)


def test_what_a_transformer_lacks_is_planned_as_its_pipelines(tmp_path: Path) -> None:
    file = tmp_path / "flux.safetensors"
    names = ["double_blocks.0.img_attn.norm.key_norm.scale", "guidance_in.in_layer.bias"]
    write_header(file, {name: [6_000_000_000] for name in names})
    weights = sources.find(str(file), network=False)
    sizes = {network.name: network.parameters for network in weights.networks}
    assert sizes.pop("transformer") == 12_000_000_000
    assert sizes == {
        "text_encoder": 123_060_480,
        "text_encoder_2": 4_762_310_656,
        "vae": 83_819_683,
    }


def test_what_it_lacks_is_planned_by_the_folder_that_it_is_in(tmp_path: Path) -> None:
    write_header(tmp_path / "text_encoder" / "model.safetensors", {"a": [7]})
    write_header(tmp_path / "unet" / "model.safetensors", {"a": [9]})
    (tmp_path / "model_index.json").write_text("{}")
    write_header(tmp_path / "tuned.safetensors", {"time_embed.0.weight": [11]})
    found = sources.find(str(tmp_path / "tuned.safetensors"), network=False)
    assert {one.name: one.parameters for one in found.networks} == {"text_encoder": 7, "unet": 11}


def test_unused_copies_of_weights_are_not_counted(tmp_path: Path) -> None:
    names = CONVOLUTION | VAE | {"cond_stage_model.transformer.text_model.a": [5]}
    write_header(tmp_path / "full.safetensors", names | {"model_ema.a": [10**9]})
    found = sources.find(str(tmp_path / "full.safetensors"), network=False)
    assert {network.name for network in found.networks} == {"unet", "vae", "text_encoder"}
    assert found.parameters < 10**6


@pytest.mark.parametrize(
    ("shapes", "metadata", "expected"),
    [
        ({}, {}, (None, False)),
        ({}, {"modelspec.prediction_type": "epsilon"}, (False, False)),
        ({}, {"modelspec.prediction_type": "v"}, (True, False)),
        ({"v_pred": (0,)}, {}, (True, False)),
        ({"v_pred": (0,), "ztsnr": (0,)}, {}, (True, True)),
    ],
)
def test_a_file_may_say_what_it_predicts(
    shapes: dict[str, tuple[int, ...]],
    metadata: dict[str, str],
    expected: tuple[bool | None, bool],
) -> None:
    names = {
        name: tuple(shape)
        for name, shape in (CONVOLUTION | VAE | {"cond_stage_model.model.a": [5]}).items()
    }
    found = describe(Header(names | shapes, metadata), "a")
    assert found.configuration == "stable-diffusion-2"
    assert (found.predicts_velocity, found.zero_snr) == expected


def test_a_folder_of_one_file_is_that_file_and_a_pipelines_folder_is_not(tmp_path: Path) -> None:
    file = tmp_path / "a.safetensors"
    file.touch()
    assert locate(str(tmp_path)) == locate(str(file)) == file
    (tmp_path / "model_index.json").touch()
    assert locate(str(tmp_path)) is None
    assert locate("org/name") is None
    assert locate("org/name-1.5") is None


def test_other_formats_and_missing_files_are_refused(tmp_path: Path) -> None:
    for name in ("a.ckpt", "a.gguf"):
        with pytest.raises(UnusableFileError, match=r"only \.safetensors is read"):
            locate(name)
    for name in (str(tmp_path / "a.safetensors"), "./models/a.safetensors", "../b/a.safetensors"):
        with pytest.raises(UnusableFileError, match="there is no file"):
            locate(name)


def test_a_file_on_the_hub_is_of_unknown_size_if_the_hub_is_not_asked() -> None:
    assert locate("org/name/a.safetensors") == HubFile("org/name", "a.safetensors")
    with pytest.raises(UnknownWeightsError, match=r"org/name/a\.safetensors: the hub was not"):
        sources.find("org/name/a.safetensors", network=False)


def test_an_address_is_read_as_browsers_write_it_and_names_are_taken_as_they_are() -> None:
    address = "https://huggingface.co/org/name/resolve/refs%2Fpr%2F1/a%20b%2Bc.safetensors"
    assert locate(address) == HubFile("org/name", "a b+c.safetensors", "refs/pr/1")
    assert locate("org/name/a%20b.safetensors") == HubFile("org/name", "a%20b.safetensors")


@pytest.mark.parametrize(
    "address",
    [
        "https://user:hf_secret@huggingface.co/org/name/resolve/main/a.safetensors",
        "https://huggingface.co/org/name/resolve/main/a.safetensors?token=hf_secret",
        "https://civitai.com/api/download/models/7?token=hf_secret",
    ],
)
def test_an_address_with_a_token_is_refused_and_not_shown(
    address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UnusableFileError, match=r"where tokens are.*HF_TOKEN"):
        locate(address)
    for words in ([address], ["org/name", "--lora", address]):
        assert main([*words, "--gpu", "T4", "--offline"]) == 2
        shown = capsys.readouterr()
        assert "where tokens are" in shown.err
        assert "secret" not in shown.out + shown.err


def test_an_address_of_another_host_is_refused_as_such() -> None:
    with pytest.raises(UnusableFileError, match=r"7 is no address of a \.safetensors file on"):
        locate("https://civitai.com/api/download/models/7")


@pytest.mark.parametrize("name", ["org/a--b/a.safetensors", "org/name/../a.safetensors"])
def test_names_that_the_hub_cannot_have_are_of_unknown_size(name: str) -> None:
    with pytest.raises(UnknownWeightsError, match=re.escape(name)):
        sources.find(name)


def test_a_file_is_planned_in_the_revision_that_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_header(tmp_path / "a.safetensors", {"time_embed.0.weight": [11]})
    asked: list[str | None] = []

    def cached(_repository: str, _name: str, revision: str | None) -> str:
        asked.append(revision)
        return str(tmp_path / "a.safetensors")

    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", cached)
    page = "https://huggingface.co/org/name/blob/other/a.safetensors"
    for model in ("org/name/a.safetensors", page):
        assert sources.find(model, "v2", network=False).parameters == 11
    assert asked == ["v2", "other"]
