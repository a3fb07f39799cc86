"""The worker's process: wrong settings are refused, and only the pipeline imports torch."""

import subprocess
import sys
from pathlib import Path

import pytest

SRC = str(Path(__file__).parents[3] / "src")


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        env={"PYTHONPATH": SRC} | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_all_wrong_settings_are_named_together_before_the_model_is_loaded() -> None:
    ended = run("-m", "discord_diffusion.worker", QUEUE_URL="nowhere", PICTURE_SCALE="big")
    assert ended.returncode == 2
    for name in ("QUEUE_URL", "MODEL", "PICTURE_SCALE"):
        assert name in ended.stderr
    assert "Traceback" not in ended.stderr


def test_only_the_pipeline_imports_torch() -> None:
    modules = [path.stem for path in Path(SRC, "discord_diffusion", "worker").glob("*.py")]
    others = sorted(set(modules) - {"pipeline", "__main__", "__init__"})
    imports = "; ".join(f"import discord_diffusion.worker.{name}" for name in others)
    code = f"{imports}; import sys; print({{'torch', 'diffusers'}} & set(sys.modules))"
    assert run("-c", code).stdout == "set()\n"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"PYTORCH_ALLOC_CONF": "expandable_segments:True"}),
        ({"PYTORCH_ALLOC_CONF": "max_split_size_mb:64"},) * 2,
        ({"PYTORCH_CUDA_ALLOC_CONF": "max_split_size_mb:64"},) * 2,
    ],
    ids=["by default", "set", "set by its older name"],
)
def test_the_memory_of_a_gpu_grows_in_segments_unless_it_is_set_otherwise(
    given: dict[str, str], expected: dict[str, str]
) -> None:
    """The variable is there before torch is imported, which reads it once."""
    code = """
import builtins, os, sys
from discord_diffusion.worker import __main__

def watched(name, *arguments, original=builtins.__import__, **named):
    if name == "torch":
        print({name: value for name, value in os.environ.items() if "ALLOC_CONF" in name})
        sys.exit()
    return original(name, *arguments, **named)

builtins.__import__ = watched
__main__._load(None)
"""
    assert run("-c", code, **given).stdout == f"{expected}\n"
