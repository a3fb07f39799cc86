"""The services of docker-compose.yml, for every way to start them."""

import json
from typing import Any

import pytest
from engine_facts import ROOT

from toolchain import docker

Service = dict[str, Any]
PROFILES = ("--profile", "cpu", "--profile", "gpu")


def services(*files: str) -> dict[str, Service]:
    """The services of all profiles, as compose understands the files."""
    named = [word for name in files for word in ("--file", str(ROOT / name))]
    printed = docker.run(
        *("compose", "--project-directory", str(ROOT), *named, *PROFILES),
        *("config", "--format", "json"),
    )
    found: dict[str, Service] = json.loads(printed)["services"]
    return found


@pytest.fixture(scope="module")
def plain() -> dict[str, Service]:
    return services("docker-compose.yml")


def test_the_gpu_profile_reserves_an_nvidia_gpu(plain: dict[str, Service]) -> None:
    worker = plain["worker"]
    devices = worker["deploy"]["resources"]["reservations"]["devices"]
    assert devices == [{"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}]
    assert worker["profiles"] == ["gpu"]
    assert worker["environment"]["NVIDIA_DRIVER_CAPABILITIES"] == "compute,utility"
    assert worker["environment"]["DEVICE"] == "cuda"
    assert worker["build"]["args"]["TORCH"] != "cpu"
    assert int(worker["shm_size"]) == 1024**3
    assert {"type": "volume", "source": "cache", "target": "/cache"}.items() <= next(
        one for one in worker["volumes"] if one["target"] == "/cache"
    ).items()


def test_only_the_gpu_profile_asks_for_a_gpu(plain: dict[str, Service]) -> None:
    assert [name for name, one in plain.items() if "devices" in json.dumps(one)] == ["worker"]


@pytest.mark.parametrize("name", ["emulator", "discord", "terraform", "telemetry", "worker"])
def test_a_service_is_hardened(plain: dict[str, Service], name: str) -> None:
    service = plain[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert int(service["mem_limit"]) > 0
    assert not service.get("privileged")
    assert service.get("user") not in ("0", "root")


def test_ports_are_published_on_loopback_only(plain: dict[str, Service]) -> None:
    ports = [port for one in plain.values() for port in one.get("ports", [])]
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}
    assert len(ports) == 2


def test_only_the_fleet_gets_the_engines_socket(plain: dict[str, Service]) -> None:
    assert "docker.sock" not in json.dumps(plain)
    fleet = services("docker-compose.yml", "docker/fleet.yml")
    holders = [name for name, one in fleet.items() if "docker.sock" in json.dumps(one)]
    assert holders == ["emulator"]
    assert fleet["terraform"]["environment"]["MAXIMUM_TASKS"] == "4"
    assert plain["terraform"]["environment"]["MAXIMUM_TASKS"] == "0"


def test_a_service_starts_after_those_it_needs(plain: dict[str, Service]) -> None:
    conditions = {
        name: {other: needed["condition"] for other, needed in one.get("depends_on", {}).items()}
        for name, one in plain.items()
    }
    assert conditions["terraform"] == {
        "emulator": "service_healthy",
        "discord": "service_healthy",
    }
    for name in ("worker", "worker-cpu", "telemetry"):
        assert conditions[name]["terraform"] == "service_completed_successfully"
