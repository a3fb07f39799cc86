"""The options of a stack, and the variables and settings that follow from them."""

import json
from pathlib import Path

import pytest

from discord_diffusion.jobs.models import parse
from ecs_fleet_emulator.launch import DELAYS
from ecs_fleet_emulator.simulation.settings import Delays, Settings
from emulation.rig import logs
from emulation.rig.errors import RigError
from emulation.rig.options import FleetOptions, ModelOptions, StackOptions, differences
from toolchain.layout import LOCALEMU


def test_the_loop_is_no_faster_than_functions_can_keep_pace() -> None:
    assert FleetOptions(speed=60).settings() == {"speed": 60, "alarm_speed": 10}
    assert FleetOptions(speed=1).settings() == {"speed": 1, "alarm_speed": 1}


def test_the_wait_estimate_has_the_start_phases_of_this_machine() -> None:
    real, fast = FleetOptions(speed=1).boot_phases(), FleetOptions(speed=60).boot_phases()
    assert (real["boot_instance_seconds"], real["boot_pull_seconds"]) == (140, 120)
    assert (fast["boot_instance_seconds"], fast["boot_pull_seconds"]) == (3, 2)
    assert real["boot_load_seconds"] == fast["boot_load_seconds"]


def test_the_delays_are_those_of_the_fleet_agent() -> None:
    agent = Delays()
    assert {
        "reservation": Settings().reservation_seconds,
        "launch": agent.launch_seconds,
        "register": agent.register_seconds,
        "pull": agent.pull_seconds,
    } == DELAYS


def test_a_running_stack_keeps_the_options_that_nobody_gave() -> None:
    running = StackOptions(
        fleet=FleetOptions(0, 2, 60), watch=True, model=ModelOptions("hub/model", width=768)
    ).as_json()
    again = StackOptions().keeping(running, given=())
    assert again.as_json() == running
    assert differences(running, again.as_json()) == {}
    faster = StackOptions(fleet=FleetOptions(1, 4, 5)).keeping(running, given={"speed", "model"})
    assert differences(running, faster.as_json()) == {
        "speed": "SPEED=5",
        "model": "MODEL=",
        "size": "SIZE=",
    }


def test_a_difference_reads_as_a_person_gives_the_option() -> None:
    small, other = (
        StackOptions(),
        StackOptions(
            fleet=FleetOptions(2, 3, 7.5),
            watch=True,
            debug=("interactions", "worker"),
            enforces_iam=True,
            model=ModelOptions("a/b", width=640),
            emulator=LOCALEMU,
        ),
    )
    assert list(differences(small.as_json(), other.as_json()).values()) == [
        *("MIN_TASKS=2", "MAX_TASKS=3", "SPEED=7.5", "WATCH=1"),
        *("DEBUG=interactions,worker", "IAM=enforce", "MODEL=a/b", "SIZE=640"),
        "EMULATOR=localemu",
    ]
    back = differences(other.as_json(), small.as_json())
    assert [back["watch"], back["enforces_iam"]] == ["WATCH=", "IAM=off"]


def test_a_start_with_other_fleet_options_is_noticed() -> None:
    chosen = StackOptions(fleet=FleetOptions(0, 2)).as_json()
    assert chosen == {
        "minimum_tasks": 0,
        "maximum_tasks": 2,
        "speed": 30.0,
        "watch": False,
        "debug": [],
        "enforces_iam": False,
        "model": "embedded",
        "size": None,
        "discord": "stand-in",
        "guild": None,
        "emulator": "localstack",
    }


def test_a_log_is_found_by_its_name_or_its_beginning(tmp_path: Path) -> None:
    for name in ("emulator", "worker-1f2e3d4c", "worker-aaaabbbb"):
        (tmp_path / f"{name}.log").touch()
    assert [path.stem for path in logs.named_files(tmp_path, "worker-1f2e3d4c")] == [
        "worker-1f2e3d4c"
    ]
    assert len(logs.named_files(tmp_path, "worker")) == 2
    assert len(logs.named_files(tmp_path, None)) == 3
    with pytest.raises(RigError, match="emulator, worker-1f2e3d4c"):
        logs.named_files(tmp_path, "work")


def test_the_embedded_model_in_few_steps_is_a_model_that_the_worker_reads() -> None:
    found = ModelOptions.embedded(Path("/checkout")).models()
    [spec] = parse(json.dumps(found)).values()
    assert (spec.model, spec.steps, spec.guidance) == ("/checkout/fixtures/model/tiny", 4, 1)
    assert spec.lora == "/checkout/fixtures/model/tiny/loras/few-steps"
    assert ModelOptions("hub/model").models() == {}
