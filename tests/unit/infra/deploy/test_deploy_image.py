"""The worker's image: its tag follows its content, and ECR's password is never visible."""

import os
import re
import stat
from pathlib import Path

import pytest

from infra.deploy import image
from infra.deploy.errors import ImageError

NOWHERE = Path("never-made")

PASSWORD = "canary-of-ecr"
REFERENCE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/bot-worker:content-1"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in ("docker", "requirements", "src/discord_diffusion", "fixtures/model/tiny"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "file").write_text(name)
    return tmp_path


def test_the_same_content_has_the_same_tag(checkout: Path) -> None:
    first = image.WorkerImage(checkout, {"MODEL": "m"})
    assert first.tag() == image.WorkerImage(checkout, {"MODEL": "m"}).tag()
    (checkout / "src" / "discord_diffusion" / "__pycache__").mkdir()
    (checkout / "src" / "discord_diffusion" / "__pycache__" / "x.pyc").write_text("cached")
    assert first.tag() == image.WorkerImage(checkout, {"MODEL": "m"}).tag()


@pytest.mark.parametrize("name", ["docker/file", "src/discord_diffusion/file", "requirements/new"])
def test_changed_content_has_another_tag(checkout: Path, name: str) -> None:
    before = image.WorkerImage(checkout, {"MODEL": "m"}).tag()
    (checkout / name).write_text("changed")
    assert image.WorkerImage(checkout, {"MODEL": "m"}).tag() != before


def test_another_model_has_another_tag(checkout: Path) -> None:
    tags = {image.WorkerImage(checkout, {"MODEL": name}).tag() for name in ("m", "n")}
    assert len(tags) == 2


def test_the_image_contains_the_variables_model_and_cuda() -> None:
    found = image.arguments_for(
        {"model": "org/name", "model_variant": "fp16", "device": None}, NOWHERE
    )
    assert (found["MODEL"], found["MODEL_VARIANT"]) == ("org/name", "fp16")
    assert found["TORCH"] == "pypi"
    assert found["TORCH_COMPILE"] == "no"
    assert "LEAVE_OUT" not in found
    assert "MODEL_REVISION" not in found


@pytest.mark.parametrize(
    ("worker", "kept"),
    [
        ({"compile": "full"}, "yes"),
        ({"compile": "off", "compile_cache": "/cache/compiled"}, "no"),
        ({"compile": "auto"}, "no"),
        ({"compile_cache": "/cache/compiled"}, "yes"),
    ],
)
def test_the_image_contains_a_compiler_if_the_worker_will_compile(
    worker: dict[str, str], kept: str
) -> None:
    assert image.arguments_for(worker, NOWHERE)["TORCH_COMPILE"] == kept


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program called docker that writes its arguments and standard input to a file."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program, calls = folder / "docker", tmp_path / "calls"
    program.write_text(
        f'#!/bin/sh\necho "argv $@" >> {calls}\necho "token $HF_TOKEN" >> {calls}\n'
        f'[ "$1" != login ] || {{ sed "s/^/stdin /"; echo; }} >> {calls}\n[ "$1" != "$FAILS" ] || '
        "{ echo 'no space left'; exit 1; }\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return calls


def test_docker_gets_the_password_by_standard_input_and_logs_out(docker: Path) -> None:
    image.push(image.Login("AWS", PASSWORD), REFERENCE, lambda _: None)
    calls = docker.read_text()
    commands = [line for line in calls.splitlines() if line.startswith("argv ")]
    assert [line.split()[1] for line in commands] == ["login", "push", "logout"]
    assert PASSWORD not in "".join(commands)
    assert f"stdin {PASSWORD}" in calls


def test_the_repr_of_a_login_has_no_password() -> None:
    assert PASSWORD not in repr(image.Login("AWS", PASSWORD))


def test_a_push_that_fails_says_why_and_logs_out(
    docker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAILS", "push")
    with pytest.raises(ImageError, match="no space left"):
        image.push(image.Login("AWS", PASSWORD), REFERENCE, lambda _: None)
    assert "argv logout" in docker.read_text()


def test_the_image_is_built_for_the_instances_whatever_this_machine_is(
    docker: Path, checkout: Path
) -> None:
    image.WorkerImage(checkout, {"MODEL": "org/name"}).build(REFERENCE, lambda _: None)
    calls = docker.read_text()
    assert "--platform linux/amd64" in calls
    assert f"--tag {REFERENCE}" in calls
    assert "--build-arg MODEL=org/name" in calls


def test_a_token_of_the_hub_reaches_the_build_alone_and_by_its_environment(
    docker: Path, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    worker, said = image.WorkerImage(checkout, {"MODEL": "org/gated"}), list[str]()
    worker.build(REFERENCE, said.append, "hf_secret")
    image.push(image.Login("AWS", PASSWORD), REFERENCE, said.append)
    calls = docker.read_text().splitlines()
    commands = [line for line in calls if line.startswith("argv ")]
    assert "--secret id=hf_token,env=HF_TOKEN" in commands[0]
    assert "hf_secret" not in "".join([*commands, *said, repr(worker), worker.tag()])
    assert [line for line in calls if line.startswith("token ")] == [
        "token hf_secret",
        *["token "] * (len(commands) - 1),
    ]
    docker.unlink()
    worker.build(REFERENCE, said.append)
    assert "--secret" not in docker.read_text()


def test_the_build_reads_the_token_from_a_secret_that_stays_in_no_layer() -> None:
    dockerfile = (Path(__file__).parents[4] / image.DOCKERFILE).read_text()
    [step] = [step for step in dockerfile.split("RUN ") if "fetch_model.py /model" in step]
    assert "--mount=type=secret,id=hf_token" in step
    assert "HF_TOKEN_PATH=/run/secrets/hf_token" in step
    assert not re.search(r"^(ARG|ENV) \\W*HF_TOKEN", dockerfile, re.MULTILINE)


def test_an_autoencoder_and_a_lora_of_its_own_are_put_into_the_image() -> None:
    worker = {"model": "org/name", "model_vae": "org/vae", "model_lora": "org/lora"}
    found = image.arguments_for(worker, NOWHERE)
    assert (found["MODEL_VAE"], found["MODEL_LORA"]) == ("org/vae", "org/lora")
    left = image.as_in_image(worker, NOWHERE)
    assert (left["model"], left["model_vae"], left["model_lora"]) == ("/model", None, None)


def test_a_lora_of_a_model_in_one_file_is_left_to_the_worker() -> None:
    worker = {"model": "org/name/own.safetensors?download=1", "model_lora": "org/lora"}
    assert "MODEL_LORA" not in image.arguments_for(worker, NOWHERE)
    left = image.as_in_image(worker, NOWHERE)
    assert (left["model"], left["model_lora"]) == ("/model", "org/lora")


def test_a_folder_that_is_one_file_is_one_file_for_the_image_too(tmp_path: Path) -> None:
    folder = tmp_path / "fixtures" / "own"
    folder.mkdir(parents=True)
    (folder / "own.safetensors").touch()
    worker = {"model": "fixtures/own", "model_lora": "org/lora"}
    assert "MODEL_LORA" not in image.arguments_for(worker, tmp_path)
    assert image.as_in_image(worker, tmp_path)["model_lora"] == "org/lora"
    (folder / "model_index.json").touch()
    assert image.arguments_for(worker, tmp_path)["MODEL_LORA"] == "org/lora"
    assert image.as_in_image(worker, tmp_path)["model_lora"] is None
