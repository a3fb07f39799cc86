"""A container definition as Docker's API takes it."""

from typing import Any

from ecs_fleet_emulator.tasks.container_spec import (
    STACK_LABEL,
    arguments,
    gpus,
    least_used,
)

CONTAINER: dict[str, Any] = {
    "name": "worker",
    "image": "registry.example/worker:v1",
    "cpu": 2048,
    "memory": 4096,
    "memoryReservation": 2048,
    "readonlyRootFilesystem": True,
    "resourceRequirements": [{"type": "GPU", "value": "1"}],
    "healthCheck": {"command": ["CMD", "true"], "interval": 5, "startPeriod": 60},
    "mountPoints": [{"sourceVolume": "cache", "containerPath": "/cache"}],
    "linuxParameters": {
        "initProcessEnabled": True,
        "capabilities": {"drop": ["ALL"]},
        "sharedMemorySize": 1024,
        "tmpfs": [{"containerPath": "/tmp", "size": 64, "mountOptions": ["rw", "nosuid"]}],
    },
}
VOLUMES = [{"name": "cache", "dockerVolumeConfiguration": {"scope": "shared"}}]
MEBIBYTE = 1024 * 1024


def spec(container: dict[str, Any], volumes: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return arguments(container, volumes or [], stack="s", environment={"A": "b"}, labels={"x": "y"})


def test_a_container_has_the_limits_of_its_definition() -> None:
    found = spec(CONTAINER)

    assert found["image"] == "registry.example/worker:v1"
    assert found["mem_limit"] == 4096 * MEBIBYTE
    assert found["mem_reservation"] == 2048 * MEBIBYTE
    assert found["cpu_shares"] == 2048
    assert found["shm_size"] == 1024 * MEBIBYTE
    assert found["read_only"] is True
    assert found["init"] is True
    assert found["cap_drop"] == ["ALL"]
    assert found["tmpfs"] == {"/tmp": "size=64m,rw,nosuid"}


def test_a_container_has_the_health_check_of_its_definition() -> None:
    check = spec(CONTAINER)["healthcheck"]

    assert check["test"] == ["CMD", "true"]
    assert check["interval"] == 5_000_000_000
    assert check["start_period"] == 60_000_000_000


def test_a_container_gains_no_privileges_and_has_the_stacks_label() -> None:
    found = spec({"name": "worker", "image": "worker"})

    assert found["security_opt"] == ["no-new-privileges"]
    assert found["labels"]["x"] == "y"
    assert found["labels"][STACK_LABEL] == "s"
    assert found["labels"]["com.docker.compose.project"] == "s"
    assert found["environment"] == {"A": "b"}


def test_a_container_is_named_after_its_stack_and_its_task() -> None:
    arn = "arn:aws:ecs:us-east-1:000000000000:task/cluster/1f2e3d4c5b6a"
    found = arguments(
        {"name": "worker", "image": "worker"},
        [],
        stack="s",
        environment={},
        labels={"com.amazonaws.ecs.task-arn": arn},
    )

    assert found["name"] == "s-worker-1f2e3d4c"


def test_missing_fields_of_a_definition_are_left_to_the_image() -> None:
    found = spec({"name": "worker", "image": "worker"})

    left = {"command", "entrypoint", "user", "mem_limit", "healthcheck", "volumes", "tmpfs"}
    assert not left & set(found)


def test_a_shared_volume_belongs_to_the_stack_and_a_hosts_folder_is_mounted() -> None:
    host = [{"name": "cache", "host": {"sourcePath": "/data"}}]

    assert spec(CONTAINER, VOLUMES)["volumes"] == {"s_cache": {"bind": "/cache", "mode": "rw"}}
    assert spec(CONTAINER, host)["volumes"] == {"/data": {"bind": "/cache", "mode": "rw"}}


def test_required_gpus_are_counted() -> None:
    assert gpus(CONTAINER) == 1
    assert gpus({"name": "worker"}) == 0


def test_a_free_gpu_comes_first_and_gpus_are_shared_when_all_are_used() -> None:
    assert least_used(["0", "1"], ["0"], 1) == ["1"]
    assert least_used(["0", "1"], ["0", "1"], 1) == ["0"]
    assert least_used([], [], 1) == []
