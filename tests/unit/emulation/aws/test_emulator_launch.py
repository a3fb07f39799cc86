"""The command that starts the emulator, and its environment."""

import tomllib
from pathlib import Path

import pytest

from ecs_fleet_emulator import launch
from ecs_fleet_emulator.launch import EmulatorConfig, command
from toolchain.layout import LOCALEMU, LOCALSTACK


@pytest.fixture
def config(tmp_path: Path) -> EmulatorConfig:
    return EmulatorConfig(
        emulator_python=Path("/venv/bin/python"),
        lambda_pythons={"python3.13": Path("/lambda/bin/python")},
        port=4599,
        state_dir=tmp_path,
        services="sqs,lambda",
    )


def test_the_emulator_listens_on_loopback_by_default(
    config: EmulatorConfig,
) -> None:
    argv, environment = command(config)
    assert argv == ["/venv/bin/python", "-m", "ecs_fleet_emulator"]
    assert environment["GATEWAY_LISTEN"] == "127.0.0.1:4599"
    assert environment["LOCALSTACK_HOST"] == "127.0.0.1:4599"
    assert environment["LOCALEMU_HOST"] == "127.0.0.1:4599"
    assert environment["SERVICES"] == "sqs,lambda"
    assert config.health_url == "http://127.0.0.1:4599/_localstack/health"


def test_the_emulator_writes_below_the_state_folder_only(
    config: EmulatorConfig, tmp_path: Path
) -> None:
    _, environment = command(config)
    volumes = ("LOCALSTACK_VOLUME_DIR", "LOCALEMU_VOLUME_DIR")
    for name in ("HOME", "TMPDIR", *volumes, "FILESYSTEM_ROOT", "CONFIG_DIR"):
        assert Path(environment[name]).is_relative_to(tmp_path / "emulator")
    assert Path(environment["TMPDIR"]).is_dir()


def test_the_callers_environment_does_not_reach_the_emulator(
    config: EmulatorConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_PROFILE", "LS_LOG", "PYTHONPATH", "LOCALSTACK_AUTH_TOKEN", "EXTRA"):
        monkeypatch.setenv(name, "leaked")
    assert "leaked" not in command(config)[1].values()


@pytest.mark.parametrize("emulator", [LOCALSTACK, LOCALEMU])
def test_the_plug_in_registers_under_the_names_that_the_launcher_uses(emulator: str) -> None:
    metadata = tomllib.loads(
        (Path(launch.__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    )
    entry_points = metadata["project"]["entry-points"]
    assert launch.LAMBDA_EXECUTOR in entry_points[f"{emulator}.lambda.runtime_executor"]
    assert launch.GATEWAY_SERVER in entry_points[f"{emulator}.runtime.server"]
    providers = {f"{api}:{name}" for api, name in launch.PROVIDERS.items()}
    assert providers == entry_points[f"{emulator}.aws.provider"].keys()


def test_no_service_of_the_plug_in_has_the_name_of_an_emulators_own() -> None:
    """LocalEmu's ECS, which runs containers, is the provider `ecs:default`."""
    assert "default" not in launch.PROVIDERS.values()


def test_both_emulators_load_the_same_of_the_plug_in() -> None:
    metadata = tomllib.loads(
        (Path(launch.__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    )
    groups = metadata["project"]["entry-points"]
    of_localstack = {name: group for name, group in groups.items() if name.startswith(LOCALSTACK)}
    del groups["pytest11"]  # by which pytest finds a plug-in of its own
    assert groups == of_localstack | {
        LOCALEMU + name.removeprefix(LOCALSTACK): group for name, group in of_localstack.items()
    }
