"""The sizes of the worker image's parts, and their budgets."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.deploy import image, image_sizes
from infra.deploy.errors import ImageError

MEGABYTE = 1_000_000
NAME = "registry.example/worker:v1"
ARGUMENTS = "RUN |2 MODEL=fixtures/model/tiny TORCH_COMPILE=no /bin/sh -c"
# What `docker history` prints of the Dockerfile, newest first.
HISTORY = f"""0	ENTRYPOINT ["python" "-m" "discord_diffusion.worker"]
1200000	{ARGUMENTS} python -m compileall -q /opt/worker # buildkit
600000	COPY src/discord_diffusion /opt/worker/discord_diffusion # buildkit
40000	{ARGUMENTS} PYTHONPATH=/opt/packages:/opt/torch python /build/sbom.py discord # buildkit
2000	COPY docker/sbom.py /build/ # buildkit
11000000	COPY /model /model # buildkit
386000000	COPY /packages /opt/packages # buildkit
1500000000	COPY /packages /opt/torch # buildkit
2600000000	COPY /cuda /opt/torch # buildkit
10000	{ARGUMENTS} if [ no = yes ]; then apt-get; fi && useradd --uid 10001 worker # buildkit
125000000	/bin/sh -c #(nop) ADD file:base
"""


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program called docker that knows one image, by what `docker history` prints of it."""
    history, program = tmp_path / "history", tmp_path / "docker"
    history.write_text(HISTORY)
    program.write_text(
        f'#!/bin/sh\nfor last; do :; done\n[ "$last" = {NAME} ] && exec cat {history}\n'
        'echo "no such image: $last" >&2; exit 1\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return history


def run_command() -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "infra.deploy.image_sizes", NAME]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_every_layer_of_the_worker_but_base_and_model_has_a_budget(docker: Path) -> None:
    counted = sum(part.megabytes for part in image_sizes.parts(image_sizes.layers(NAME)))
    whole = sum(size for size, _ in image_sizes.layers(NAME)) / MEGABYTE
    assert whole - counted == pytest.approx(125 + 11)


def test_an_image_within_its_budgets_passes(docker: Path) -> None:
    ended = run_command()
    assert ended.returncode == 0
    assert "4100.0 MB of  5500  CUDA's libraries and torch" in ended.stdout
    assert "OVER BUDGET" not in ended.stdout


def test_a_part_over_its_budget_fails_the_build(docker: Path) -> None:
    docker.write_text(HISTORY.replace("600000\tCOPY src", "60000000\tCOPY src"))
    ended = run_command()
    assert ended.returncode == 1
    [line] = [line for line in ended.stdout.splitlines() if "OVER BUDGET" in line]
    assert "61.2 MB of     5  code" in line


def test_an_image_without_cuda_has_the_budgets_of_the_cpu_image(docker: Path) -> None:
    docker.write_text(HISTORY.replace("2600000000\tCOPY /cuda", "0\tCOPY /cuda"))
    assert "1500.0 MB of   800  CUDA's libraries and torch  OVER BUDGET" in run_command().stdout


def test_the_deploy_step_reports_the_sizes(docker: Path) -> None:
    assert any("other packages" in line for line in image.sizes(NAME))
    with pytest.raises(ImageError, match="no such image"):
        image.sizes("registry.example/worker:v2")
