"""The toy model's folder, written once a run."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def tiny_model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline folder as `from_pretrained` loads it: real classes, random weights."""
    from tests.unit.worker.pipeline import tiny_model  # torch is imported only where it is needed

    folder = tmp_path_factory.mktemp("tiny-model")
    tiny_model.save(folder)
    return folder
