"""The layer of the model in the worker's image depends on the model alone."""

import hashlib
import os
import runpy
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import StableDiffusionPipeline
from safetensors.torch import load_file

from discord_diffusion.worker.plan.errors import UnusableFileError
from discord_diffusion.worker.plan.loras import file_of
from discord_diffusion.worker.plan.single_files import HubFile, locate

ROOT = Path(__file__).parents[4]
TINY = ROOT / "fixtures" / "model" / "tiny"
PROGRAM = ROOT / "docker" / "fetch_model.py"
HUB = """
def hf_hub_download(repository, name, revision=None):
    print(repository, name, revision)
    from pathlib import Path
    made = Path(__file__).with_name(name.split("/")[-1])
    made.write_bytes(b"weights")
    return str(made)
"""


def layer(model: Path, folder: Path) -> str:
    """The digest of the layer into which a model is copied."""
    words = [sys.executable, str(PROGRAM), str(folder), str(model), "", "", "", ""]
    subprocess.run(words, check=True)
    packed = folder.with_suffix(".tar")
    with tarfile.open(packed, "w") as archive:
        archive.add(folder, "model")
    return hashlib.sha256(packed.read_bytes()).hexdigest()


def test_a_model_that_is_built_again_later_is_the_same_layer_and_another_is_not(
    tmp_path: Path,
) -> None:
    model = tmp_path / "model"
    (model / "unet").mkdir(parents=True)
    weights = model / "unet" / "weights.safetensors"
    weights.write_bytes(b"weights")
    first = layer(model, tmp_path / "first")
    os.utime(weights, (1e9, 1e9))
    assert layer(model, tmp_path / "second") == first
    weights.write_bytes(b"others")
    assert layer(model, tmp_path / "third") != first


def test_a_file_becomes_the_only_one_of_the_models_folder(tmp_path: Path) -> None:
    file = tmp_path / "own.safetensors"
    file.write_bytes(b"weights")
    layer(file, tmp_path / "model")
    assert [path.name for path in (tmp_path / "model").iterdir()] == ["own.safetensors"]


@pytest.mark.parametrize(
    ("model", "asked"),
    [
        ("org/name/deep/a.safetensors", "org/name deep/a.safetensors v1"),
        ("https://huggingface.co/o/n/blob/main/a.safetensors", "o/n a.safetensors main"),
        (
            "https://hf.co/o/n/resolve/b/a.safetensors?download=1",
            "o/n a.safetensors b",
        ),
        (
            "https://huggingface.co/o/n/resolve/refs%2Fpr%2F1/a%2Bc.safetensors",
            "o/n a+c.safetensors refs/pr/1",
        ),
    ],
)
def test_a_file_on_the_hub_is_fetched_by_the_names_that_the_worker_reads(
    model: str, asked: str, tmp_path: Path
) -> None:
    (tmp_path / "huggingface_hub.py").write_text(HUB)
    words = [sys.executable, str(PROGRAM), str(tmp_path / "model"), model, "v1", "", "", ""]
    run = subprocess.run(
        words, env={"PYTHONPATH": str(tmp_path)}, check=True, capture_output=True, text=True
    )
    assert run.stdout.strip() == asked
    [made] = (tmp_path / "model").iterdir()
    assert made.name == asked.split()[1].split("/")[-1]
    repository, name, _revision = asked.split()
    found = locate(model)
    assert isinstance(found, HubFile)
    assert (found.repository, found.name) == (repository, name)


def test_a_lora_is_merged_into_the_weights_of_the_image_in_half_precision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for the default model: files of the variant fp16, whose names and format stay."""
    model = tmp_path / "model"
    untyped: Any = StableDiffusionPipeline
    pipeline = untyped.from_pretrained(TINY, dtype=torch.float16)
    pipeline.save_pretrained(model, variant="fp16")
    words = ["fetch_model.py", tmp_path / "merged", model, "", "", "", TINY / "loras" / "parchment"]
    monkeypatch.setattr(sys, "argv", [str(word) for word in words])
    runpy.run_path(str(PROGRAM))

    def files(folder: Path) -> set[Path]:
        return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}

    assert files(tmp_path / "merged") == files(model)
    lora = load_file(TINY / "loras" / "parchment" / "pytorch_lora_weights.safetensors")
    name = Path("unet") / "diffusion_pytorch_model.fp16.safetensors"
    before, after = load_file(model / name), load_file(tmp_path / "merged" / name)
    assert before.keys() == after.keys()
    assert {weight.dtype for weight in after.values()} == {torch.float16}
    changed = [key for key in before if not torch.equal(before[key], after[key])]
    layer = "mid_block.attentions.0.transformer_blocks.0.attn2.to_q"
    down, up = (lora[f"unet.{layer}.lora_{side}.weight"].float() for side in "AB")
    wanted = before[f"{layer}.weight"].float() + up @ down
    assert torch.allclose(after[f"{layer}.weight"].float(), wanted, atol=2e-3)
    assert len(changed) == len(lora) // 2


def test_a_lora_of_several_files_is_merged_only_if_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the names that the worker takes and refuses."""
    several = tmp_path / "lora"
    several.mkdir()
    for name in ("b.safetensors", "a.safetensors"):
        (several / name).write_bytes(b"weights")
    words = ["fetch_model.py", tmp_path / "merged", TINY, "", "", "", several]
    monkeypatch.setattr(sys, "argv", [str(word) for word in words])
    with pytest.raises(SystemExit, match=r"several files.*lora/a\.safetensors"):
        runpy.run_path(str(PROGRAM))
    with pytest.raises(UnusableFileError, match=r"several files.*lora/a\.safetensors"):
        file_of(str(several))
