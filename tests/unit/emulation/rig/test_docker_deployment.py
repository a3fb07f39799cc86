"""The deploy container: its options, and the environment of workers without a fleet."""

import shlex
from pathlib import Path

from emulation.rig.docker.compose import PROJECT, Compose, project_of
from emulation.rig.docker.deploy import options, worker_environment
from emulation.rig.state import StackState, StateFolder
from toolchain.layout import Layout

LAYOUT = Layout.of_this_checkout()
GIVEN = {
    "AWS_PORT": "4566",
    "DISCORD_PORT": "8700",
    "REGION": "us-east-1",
    "ENVIRONMENT": "local",
    "WORKER_IMAGE": "discord-diffusion/worker:cpu",
    "MODEL": "/model",
    "SIZE": "",
    "MINIMUM_TASKS": "0",
    "MAXIMUM_TASKS": "3",
    "SPEED": "30",
    "VISIBILITY_TIMEOUT_SECONDS": "30",
    "VARIABLES": "",
}


def test_without_a_size_the_settings_of_the_embedded_model_are_used() -> None:
    found = options(GIVEN, LAYOUT)
    assert found.model is not None
    assert (found.model.model, found.model.width, found.model.steps) == ("/model", 64, 12)
    assert (found.fleet.minimum_tasks, found.fleet.maximum_tasks) == (0, 3)
    assert found.variables == {"worker_image": "discord-diffusion/worker:cpu"}


def test_a_stack_may_set_more_variables_of_the_module() -> None:
    more = '{"worker": {"torch_threads": 1}, "worker_image": "other/image"}'
    found = options(GIVEN | {"VARIABLES": more, "ENVIRONMENT": "fleet"}, LAYOUT)
    assert found.variables == {"worker": {"torch_threads": 1}, "worker_image": "other/image"}
    assert found.environment == "fleet"


def test_with_a_size_another_model_is_used() -> None:
    found = options(GIVEN | {"MODEL": "org/name", "SIZE": "768"}, LAYOUT)
    assert found.model is not None
    assert (found.model.model, found.model.width, found.model.height) == ("org/name", 768, 768)
    assert found.model.notice is None


def test_a_shell_reads_the_environment_file_of_a_worker_as_written() -> None:
    odd = "a 'quoted' $HOME; rm -rf / \n × 64"
    state = StackState(
        target="docker", aws_endpoint="http://127.0.0.1:1", worker_environment={"MODEL_NOTICE": odd}
    )
    words = shlex.split(worker_environment(state))
    assert f"MODEL_NOTICE={odd}" in words
    assert "AWS_ENDPOINT_URL=http://127.0.0.1:1" in words


def test_the_default_stack_has_the_project_name_of_the_compose_file_and_others_their_own(
    tmp_path: Path,
) -> None:
    other, another = StateFolder(tmp_path / "a"), StateFolder(tmp_path / "b")
    assert project_of(LAYOUT.root, StateFolder(LAYOUT.root / ".local")) == PROJECT
    assert project_of(LAYOUT.root, other).startswith(f"{PROJECT}-")
    assert project_of(LAYOUT.root, other) != project_of(LAYOUT.root, another)
    assert f"name: {PROJECT}\n" in (LAYOUT.root / "docker-compose.yml").read_text()


def test_a_compose_profile_of_the_person_starts_no_worker_beside_the_fleet(tmp_path: Path) -> None:
    compose = Compose(tmp_path, "p", {"AWS_PORT": "1"})
    assert compose.environment()["COMPOSE_PROFILES"] == ""
    assert compose.environment()["AWS_PORT"] == "1"
    assert compose.words("up")[-3:] == ["--project-name", "p", "up"]
