"""The parameters of LoRAs are counted from their files, and planned with the model's."""

import logging
import shutil
from pathlib import Path

import pytest
from huggingface_hub import HfApi

from discord_diffusion.jobs.loras import LoraSpec
from discord_diffusion.worker.plan import loras, sources
from discord_diffusion.worker.plan.__main__ import main
from discord_diffusion.worker.plan.choice import choose
from discord_diffusion.worker.plan.errors import UnusableFileError
from discord_diffusion.worker.plan.machines import GIB, Gpu, Machine
from tests.unit.worker.plan.test_weight_counts import write_header

SDXL = "stabilityai/stable-diffusion-xl-base-1.0"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, rank in (("small", 4), ("large", 128)):
        write_header(tmp_path / f"{name}.safetensors", {"unet.lora_A.weight": [rank, 1_000_000]})
    with (tmp_path / "large.safetensors").open("ab") as file:
        file.truncate(10_000)
    return tmp_path


def test_files_folders_and_named_files_are_counted(folder: Path) -> None:
    specs = {
        "file": LoraSpec(str(folder / "small.safetensors")),
        "folder": LoraSpec(str(folder / "only")),
        "named": LoraSpec(str(folder), file="small.safetensors"),
    }
    (folder / "only").mkdir()
    (folder / "only" / "pytorch_lora_weights.bin").touch()
    shutil.copy(folder / "large.safetensors", folder / "only")
    counts = {name: loras.parameters({name: spec}) for name, spec in specs.items()}
    assert counts == {"file": 4_000_000, "folder": 128_000_000, "named": 4_000_000}
    assert loras.parameters(specs) == 136_000_000


def test_the_name_of_a_file_is_no_pattern(folder: Path) -> None:
    (folder / "small.safetensors").rename(folder / "small[v1].safetensors")
    named = LoraSpec(str(folder), file="small[v1].safetensors")
    elsewhere = LoraSpec(str(folder), file="/missing.safetensors")
    assert loras.parameters({"a": named, "b": elsewhere}, network=False) == 4_000_000


def test_what_nobody_tells_is_logged_and_not_counted(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    specs = {
        "ink": LoraSpec("nobody/ink"),
        "none": LoraSpec(str(folder), file="missing.safetensors"),
        "known": LoraSpec(str(folder / "large.safetensors")),
    }
    with caplog.at_level(logging.WARNING):
        assert loras.parameters(specs, network=False) == 128_000_000
    [record] = caplog.records
    assert record.__dict__["loras"] == "ink, none"


def test_of_several_files_the_one_of_the_usual_name_is_taken_and_else_one_has_to_be_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    several = r"several files of LoRA weights \(large\.safetensors, small\.safetensors\): name one"
    with pytest.raises(UnusableFileError, match=several):
        loras.parameters({"any": LoraSpec(str(folder))})
    assert main([SDXL, "--gpu", "T4", "--offline", "--lora", str(folder)]) == 2
    assert "several files of LoRA weights" in capsys.readouterr().err
    on_hub = ["large.safetensors", "checkpoint-9/other.safetensors", "README.md", "weights.bin"]
    monkeypatch.setattr(HfApi, "list_repo_files", lambda *_words, **_more: on_hub)
    assert loras.file_of("org/one") == "large.safetensors"
    on_hub.append("small.safetensors")
    with pytest.raises(UnusableFileError, match=r"as org/one/large\.safetensors"):
        loras.file_of("org/one")
    on_hub.append("pytorch_lora_weights.safetensors")
    assert loras.file_of("org/one") == "pytorch_lora_weights.safetensors"
    shutil.copy(folder / "small.safetensors", folder / "pytorch_lora_weights.safetensors")
    assert loras.parameters({"any": LoraSpec(str(folder))}) == 4_000_000


def test_loras_may_be_what_does_not_fit(folder: Path) -> None:
    added = {str(number): LoraSpec(str(folder / "large.safetensors")) for number in range(20)}
    alone = sources.find(SDXL, network=False)
    with_loras = sources.find(SDXL, network=False, added=added)
    roomy = Machine("roomy", Gpu("A", 24 * GIB, (8, 6)), 64 * GIB)
    tight = Machine("tight", Gpu("B", int(12.5 * GIB), (8, 6)), 64 * GIB)
    more = choose(with_loras, roomy).gpu_bytes - choose(alone, roomy).gpu_bytes
    assert more == 2 * 20 * 128_000_000
    assert str(choose(alone, tight)).startswith("in bf16, whole on the GPU")
    assert "8 bits" in str(choose(with_loras, tight))


def test_a_plan_names_its_loras(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lora = str(folder / "large.safetensors")
    assert main([SDXL, "--gpu", "T4", "--offline", "--lora", lora]) == 0
    assert "LoRAs 0.13 billion" in capsys.readouterr().out
