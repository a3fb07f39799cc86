"""The layer of the model in the worker's image depends on the model alone."""

import hashlib
import os
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).parents[4]


def layer(model: Path, folder: Path) -> str:
    """The digest of the layer into which a model is copied."""
    program = ROOT / "docker" / "fetch_model.py"
    subprocess.run([sys.executable, str(program), str(folder), str(model), "", "", ""], check=True)
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
