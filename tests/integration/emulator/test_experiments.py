"""Experiments of AWS FIS: requests, invocations, tasks and instances that fail on command."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from running_emulator import ROLE, Emulator, create_function, zipped
from small_fleet import SmallFleet, moves_time, task_id

CALLS = """
import boto3
from botocore.config import Config
sqs = boto3.client("sqs", config=Config(retries={"total_max_attempts": 1}, read_timeout=5))

def handler(event, context):
    try:
        sqs.send_message(QueueUrl=event["queue"], MessageBody="sent")
    except Exception as error:
        answer = getattr(error, "response", None) or {}
        return answer.get("Error", {}).get("Code", type(error).__name__)
    return "sent"
"""
DURATION = "PT1H"
"""Of an experiment: however slow the machine is, it does not end before time is moved."""
ENDED_SECONDS = 400
"""Longer than it, at the small fleet's `alarm_speed`."""


INSTANCES = {"resourceType": "aws:ec2:instance"}
RUNNING = {"filters": [{"path": "State.Name", "values": ["running"]}]}


@pytest.fixture
def fleet_emulator(moved_emulator: Emulator) -> Emulator:
    return moved_emulator


class Experiments:
    """Starts experiments with one action and perhaps one target."""

    def __init__(self, fleet: SmallFleet) -> None:
        self.fis = fleet.client("fis")

    def start(
        self, action: str, target: dict[str, Any] | None, **parameters: str
    ) -> dict[str, Any]:
        [key] = self.fis.get_action(id=action)["action"]["targets"] or [""]
        given: dict[str, Any] = {"actionId": action, "parameters": parameters}
        if target:
            given["targets"] = {key: "target"}
        template = self.fis.create_experiment_template(
            description=action,
            roleArn=ROLE,
            stopConditions=[{"source": "none"}],
            targets={"target": {"selectionMode": "ALL", **target}} if target else {},
            actions={"action": given},
            tags={"name": "test"},
        )["experimentTemplate"]
        started: dict[str, Any] = self.fis.start_experiment(experimentTemplateId=template["id"])
        return dict(started["experiment"])

    def state(self, experiment: dict[str, Any]) -> str:
        found = self.fis.get_experiment(id=experiment["id"])["experiment"]
        return str(found["state"]["status"])


@moves_time
def test_calls_and_invocations_fail_while_an_experiment_runs(fleet: SmallFleet) -> None:
    sqs, experiments = fleet.client("sqs"), Experiments(fleet)
    queue = sqs.create_queue(QueueName=f"{fleet.name}-calls")["QueueUrl"]
    function = create_function(
        fleet.emulator, {"ZipFile": zipped({"app.py": CALLS})}, MemorySize=512
    )
    of_role = {"resourceType": "aws:iam:role", "resourceArns": [ROLE]}
    of_function = {"resourceType": "aws:lambda:function", "resourceArns": [function.arn]}
    if ROLE not in [one["Arn"] for one in fleet.client("iam").list_roles()["Roles"]]:
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda"}}
        fleet.client("iam").create_role(
            RoleName="tests", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]})
        )
    calls = {
        "service": "sqs",
        "operations": "SendMessage",
        "percentage": "100",
        "duration": DURATION,
    }

    def outcome() -> Any:
        answer = function.invoke({"queue": queue})
        return answer.payload["errorType"] if answer.error else answer.payload

    def messages() -> int:
        found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
        return int(found["ApproximateNumberOfMessages"])

    assert outcome() == "sent"
    experiment = experiments.start("aws:fis:inject-api-throttle-error", of_role, **calls)
    assert experiments.state(experiment) == "running"
    assert (outcome(), messages()) == ("ThrottlingException", 1)
    sqs.send_message(QueueUrl=queue, MessageBody="from another principal")
    fleet.pass_time(ENDED_SECONDS)
    assert experiments.state(experiment) == "completed"
    assert (outcome(), messages()) == ("sent", 3)

    for action, more in (("lost-request", 0), ("lost-response", 1)):
        before = messages()
        experiment = experiments.start(f"emulator:inject-api-{action}", of_role, **calls)
        assert (outcome(), messages() - before) == ("ConnectionClosedError", more)
        stopped = experiments.fis.stop_experiment(id=experiment["id"])["experiment"]
        assert stopped["state"]["status"] == "stopped"
    assert outcome() == "sent"

    experiment = experiments.start(
        "aws:lambda:invocation-error", of_function, duration=DURATION, preventExecution="true"
    )
    before = messages()
    assert (outcome(), messages() - before) == ("InjectedFault", 0)
    fleet.pass_time(ENDED_SECONDS)
    assert outcome() == "sent"
    fleet.client("lambda").delete_function(FunctionName=function.name)


def test_tasks_are_stopped_and_instances_ended_by_tags_and_parameters(fleet: SmallFleet) -> None:
    experiments = Experiments(fleet)
    [task] = fleet.run_tasks()
    cluster = {"cluster": fleet.name, "service": fleet.service_name}
    experiments.start("aws:ecs:stop-task", {"resourceType": "aws:ecs:task", "parameters": cluster})
    fleet.wait(
        lambda: [task_id(one) for one in fleet.running()] not in ([], [task_id(task)]),
        "another task runs",
    )
    tags = {"aws:autoscaling:groupName": fleet.service_name}
    spot = {"resourceType": "aws:ec2:spot-instance", "resourceTags": tags}
    one = spot | {"selectionMode": "COUNT(1)"}
    interrupted = experiments.start(
        "aws:ec2:send-spot-instance-interruptions", one, durationBeforeInterruption="PT2M"
    )
    [arn] = interrupted["targets"]["target"]["resourceArns"]
    assert experiments.state(interrupted) == "completed", "FIS does not wait for the end"
    fleet.wait(lambda: arn.rpartition("/")[2] not in instances(fleet), "it has ended")
    end_instances(fleet, "aws:ec2:stop-instances")
    end_instances(fleet, "aws:ec2:terminate-instances")


def end_instances(fleet: SmallFleet, action: str) -> None:
    """Let an experiment end the running instances, and wait until Auto Scaling replaces them."""
    experiments, tags = Experiments(fleet), {"aws:autoscaling:groupName": fleet.service_name}
    fleet.wait(lambda: instances(fleet, "InService"), "an instance is in service")
    ended = experiments.start(action, INSTANCES | RUNNING | {"resourceTags": tags})
    assert experiments.state(ended) == "completed"
    names = {one.rpartition("/")[2] for one in ended["targets"]["target"]["resourceArns"]}
    fleet.wait(lambda: names.isdisjoint(instances(fleet)), "others are in their place")


def instances(fleet: SmallFleet, *states: str) -> set[str]:
    """The ids of the group's instances, perhaps of those in some lifecycle states."""
    found = fleet.group()["Instances"]
    return {one["InstanceId"] for one in found if not states or one["LifecycleState"] in states}


def test_what_fis_has_not_here_is_refused_and_templates_have_tags(fleet: SmallFleet) -> None:
    fis = fleet.client("fis")
    with pytest.raises(ClientError, match="aws:eks:pod-delete"):
        Experiments(fleet).fis.create_experiment_template(
            description="",
            roleArn=ROLE,
            stopConditions=[{"source": "none"}],
            actions={"one": {"actionId": "aws:eks:pod-delete"}},
        )
    for action in fis.list_actions()["actions"]:
        assert fis.get_action(id=action["id"])["action"]["parameters"] is not None
    kinds = {one["resourceType"] for one in fis.list_target_resource_types()["targetResourceTypes"]}
    assert "aws:ecs:task" in kinds
    wait = Experiments(fleet).start("aws:fis:wait", None, duration=DURATION)
    template = fis.get_experiment_template(id=wait["experimentTemplateId"])["experimentTemplate"]
    fis.tag_resource(resourceArn=template["arn"], tags={"more": "yes"})
    fis.untag_resource(resourceArn=template["arn"], tagKeys=["name"])
    assert fis.list_tags_for_resource(resourceArn=template["arn"])["tags"] == {"more": "yes"}
    fis.stop_experiment(id=wait["id"])
    fis.delete_experiment_template(id=template["id"])
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        fis.get_experiment_template(id=template["id"])
