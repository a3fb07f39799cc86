"""The fleet of main.tf wakes for a message, does the work, and sleeps again. Needs Terraform."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ecs_fleet_emulator.testing import Emulator, Tasks

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def ecs_fleet_tasks() -> Tasks:
    """Tasks run beside main.tf; fleets go 60 times as fast as on AWS, alarms 30 times."""
    return Tasks(folder=HERE, fleet={"speed": 60, "alarm_speed": 30})


@pytest.fixture(scope="session")
def outputs(ecs_fleet_emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The outputs of main.tf, applied as it is."""
    folder = tmp_path_factory.mktemp("terraform")
    environment = os.environ | ecs_fleet_emulator.environment() | {"TF_DATA_DIR": str(folder)}

    def terraform(*words: str) -> str:
        command = ["terraform", f"-chdir={HERE}", *words]
        return subprocess.run(
            command, env=environment, check=True, text=True, stdout=subprocess.PIPE
        ).stdout

    state = f"-state={folder / 'state.json'}"
    terraform("init", "-input=false")
    terraform("apply", "-auto-approve", state)
    return {
        name: one["value"] for name, one in json.loads(terraform("output", "-json", state)).items()
    }


def test_the_fleet_wakes_works_and_sleeps(ecs_fleet_emulator: Emulator, outputs: Any) -> None:
    aws = ecs_fleet_emulator
    sqs, s3 = aws.client("sqs"), aws.client("s3")
    assert aws.fleet()["instances"] == []
    sqs.send_message(QueueUrl=outputs["queue_url"], MessageBody="a red circle")

    def result() -> str | None:
        listed = s3.list_objects_v2(Bucket=outputs["bucket"]).get("Contents", [])
        bodies = [s3.get_object(Bucket=outputs["bucket"], Key=one["Key"])["Body"] for one in listed]
        return bodies[0].read().decode() if bodies else None

    assert aws.wait_for(result, "the worker has done its work") == "A RED CIRCLE"
    assert len(aws.fleet()["instances"]) >= 1
    aws.wait_for(lambda: not aws.running_tasks(), "no task runs any more")
