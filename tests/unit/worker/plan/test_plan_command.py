"""The command that prints a plan."""

from pathlib import Path

import pytest

from discord_diffusion.worker.plan import choice, sources
from discord_diffusion.worker.plan.__main__ import main
from discord_diffusion.worker.plan.errors import UnknownWeightsError
from discord_diffusion.worker.plan.weights import Weights


def test_a_plan_is_printed_in_words(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "find_spec", lambda _name: None)
    model = "black-forest-labs/FLUX.1-schnell"
    assert main([model, "--instance", "g5.xlarge", "--offline"]) == 0
    first, second, third = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{model}: 16.86 billion parameters (transformer 11.89 billion,")
    assert second == (
        "On g5.xlarge it is loaded in bf16, text_encoder_2, transformer in 8 bits, "
        "whole on the GPU, read straight to the GPU: "
        "20.4 GiB of GPU memory, 4.7 GiB of host memory."
    )
    assert "needs torchao, which is not installed" in third
    assert "QUANTIZATION=yes" in third


def test_a_model_that_does_not_fit_ends_the_command_with_status_1(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["Qwen/Qwen-Image", "--gpu", "T4", "--host-gib", "64", "--offline"]) == 1
    assert "does not fit into a machine with T4" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["nobody/nothing", "--gpu", "T4"], "name its folder"),
        (["Qwen/Qwen-Image", "--gpu", "GTX"], "no GPU of a known type"),
    ],
)
def test_what_cannot_be_planned_ends_the_command_with_status_2(
    words: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--offline"]) == 2
    assert reason in capsys.readouterr().err


def test_a_folder_is_planned_by_its_own_files(
    tiny_model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tiny_model_folder), "--gpu", "L4"]) == 0
    assert "in bf16, whole on the GPU" in capsys.readouterr().out


def test_the_list_of_known_sizes_needs_no_hub(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_words: object) -> Weights:
        raise ConnectionError

    monkeypatch.setattr(sources, "_of_hub", fail)
    assert sources.find("Qwen/Qwen-Image").parameters > 28 * 10**9
    with pytest.raises(UnknownWeightsError, match=r"the hub does not tell \(ConnectionError\)"):
        sources.find("nobody/nothing")
