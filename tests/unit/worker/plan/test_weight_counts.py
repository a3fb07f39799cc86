"""Parameters are counted from files without reading the values."""

import json
import struct
from pathlib import Path
from typing import Any

import pytest
import torch

from discord_diffusion.worker.plan import sources
from discord_diffusion.worker.plan.errors import UnknownWeightsError
from discord_diffusion.worker.plan.weights import chosen_files, of_folder


def write_header(path: Path, shapes: dict[str, list[int]]) -> None:
    """A safetensors file that ends after its header."""
    tensors = {
        name: {"dtype": "BF16", "shape": shape, "data_offsets": [0, 0]}
        for name, shape in shapes.items()
    }
    header = json.dumps({"__metadata__": {"format": "pt"}, **tensors}).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(header)) + header)


def test_the_toy_models_own_files_are_counted_as_its_networks_are(tiny_model_folder: Path) -> None:
    from diffusers import DiffusionPipeline

    loader: Any = DiffusionPipeline
    pipe = loader.from_pretrained(tiny_model_folder)
    weights = of_folder("tiny", tiny_model_folder)
    assert {network.name: network.parameters for network in weights.networks} == {
        name: sum(tensor.numel() for tensor in part.state_dict().values())
        for name, part in pipe.components.items()
        if isinstance(part, torch.nn.Module)
    }


def test_shards_are_added_up(tmp_path: Path) -> None:
    for number, shape in ((1, [3, 4]), (2, [5])):
        name = f"diffusion_pytorch_model-0000{number}-of-00002.safetensors"
        write_header(tmp_path / "transformer" / name, {"weight": shape})
    assert of_folder("a", tmp_path).parameters == 17


@pytest.mark.parametrize(
    ("variant", "chosen"),
    [
        (None, ["unet/a.safetensors"]),
        ("fp16", [f"unet/a.fp16-0000{number}-of-00002.safetensors" for number in (1, 2)]),
        ("bf16", ["unet/a.safetensors"]),
    ],
)
def test_the_files_are_those_that_diffusers_would_load(
    variant: str | None, chosen: list[str]
) -> None:
    names = [
        "unet/a.bin",
        "unet/a.safetensors",
        "unet/a.fp16-00001-of-00002.safetensors",
        "unet/a.fp16-00002-of-00002.safetensors",
        "unet/config.json",
        "model.safetensors",
        "model_index.json",
    ]
    assert chosen_files(names, variant) == {"unet": chosen}


def test_pickled_weights_are_taken_for_fp32(tmp_path: Path) -> None:
    (tmp_path / "vae").mkdir()
    (tmp_path / "vae" / "diffusion_pytorch_model.bin").write_bytes(bytes(400))
    assert of_folder("a", tmp_path).parameters == 100


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"1234567",
        struct.pack("<Q", 2**60),
        struct.pack("<Q", 1) + b"{",
        struct.pack("<Q", 9) + b"not json.",
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 9) + b'{"a": {}}',
        struct.pack("<Q", 21) + b'{"__metadata__": [1]}',
        struct.pack("<Q", 25) + b'{"a": {"shape": [1e400]}}',
        struct.pack("<Q", 100_000) + b"[" * 100_000,
    ],
)
def test_a_broken_file_is_refused_by_its_name(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "unet" / "a.safetensors"
    file.parent.mkdir()
    file.write_bytes(content)
    with pytest.raises(UnknownWeightsError, match=r"a\.safetensors is no safetensors file"):
        of_folder("a", tmp_path)


def test_a_folder_without_weights_and_an_unknown_id_say_so(tmp_path: Path) -> None:
    with pytest.raises(UnknownWeightsError, match="no weights"):
        of_folder("a", tmp_path)
    for model in ("nobody/nothing", str(tmp_path / "missing")):
        with pytest.raises(UnknownWeightsError, match=f"{model} is no folder"):
            sources.find(model, network=False)


@pytest.mark.parametrize(
    ("model", "network", "kind", "config"),
    [
        (
            "stable-diffusion-v1-5/stable-diffusion-v1-5",
            "unet",
            "UNet2DConditionModel",
            {"cross_attention_dim": 768},
        ),
        ("black-forest-labs/FLUX.1-schnell", "transformer", "FluxTransformer2DModel", {}),
        ("Qwen/Qwen-Image", "transformer", "QwenImageTransformer2DModel", {}),
        ("Tongyi-MAI/Z-Image-Turbo", "transformer", "ZImageTransformer2DModel", {}),
        (
            "black-forest-labs/FLUX.1-dev",
            "transformer",
            "FluxTransformer2DModel",
            {"guidance_embeds": True},
        ),
    ],
)
def test_known_sizes_are_those_of_the_published_configurations(
    model: str, network: str, kind: str, config: dict[str, Any]
) -> None:
    """Each repository on https://huggingface.co has them in NETWORK/config.json."""
    import diffusers

    with torch.device("meta"):
        made = getattr(diffusers, kind)(**config)
    assert sum(tensor.numel() for tensor in made.parameters()) == sources.KNOWN[model][network]
