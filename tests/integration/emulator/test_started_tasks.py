"""State machines and rules run tasks, wait for them, and see how they have ended."""

import json
from typing import Any

import pytest
from running_emulator import ROLE, Emulator
from small_fleet import SmallFleet, task_id


@pytest.fixture
def fleet_emulator(moved_emulator: Emulator) -> Emulator:
    return moved_emulator


def start(fleet: SmallFleet, pattern: str = "", **environment: str) -> str:
    """Start an execution that runs a task with an environment; its ARN."""
    machines = fleet.client("stepfunctions")
    names = [
        {"Name": n.partition(".")[0], f"Value{'.$' * n.endswith('.$')}": v}
        for n, v in environment.items()
    ]
    task = {
        "Type": "Task",
        "Resource": f"arn:aws:states:::ecs:runTask{pattern}",
        "Parameters": {
            "Cluster": fleet.name,
            "TaskDefinition": fleet.service_name,
            "CapacityProviderStrategy": [{"CapacityProvider": f"{fleet.name}-gpu", "Weight": 1}],
            "Overrides": {"ContainerOverrides": [{"Name": "worker", "Environment": names}]},
        },
        "End": True,
    }
    definition = {"StartAt": "Run", "States": {"Run": task}}
    machine = machines.create_state_machine(
        name=f"{fleet.name}-{len(machines.list_state_machines()['stateMachines'])}",
        definition=json.dumps(definition),
        roleArn=ROLE,
    )["stateMachineArn"]
    started: str = machines.start_execution(stateMachineArn=machine)["executionArn"]
    return started


def ended(fleet: SmallFleet, execution: str) -> dict[str, Any]:
    """The execution, once it has ended."""
    describe = fleet.client("stepfunctions").describe_execution
    fleet.wait(lambda: describe(executionArn=execution)["status"] != "RUNNING", "it has ended")
    found: dict[str, Any] = describe(executionArn=execution)
    return found


def started_by(fleet: SmallFleet, who: str, status: str = "RUNNING") -> list[dict[str, Any]]:
    """The tasks that somebody has started, as DescribeTasks answers."""
    ecs = fleet.client("ecs")
    arns = ecs.list_tasks(cluster=fleet.name, startedBy=who, desiredStatus=status)["taskArns"]
    found: list[dict[str, Any]] = []
    if arns:
        found = ecs.describe_tasks(cluster=fleet.name, tasks=arns)["tasks"]
    return found


def environment_of(fleet: SmallFleet, task: dict[str, Any]) -> dict[str, str]:
    """The environment of a task's process, once it runs."""

    def shown() -> Any:
        tasks = fleet.agent_state()["tasks"]
        return [one for one in tasks if one["task"] == task_id(task) and one.get("pid")]

    return fleet.emulator.task_environment(fleet.wait(shown, "the task's process runs")[0])


def test_a_state_machine_waits_for_its_task_and_fails_with_it(fleet: SmallFleet) -> None:
    good, bad = start(fleet, ".sync", EXIT="0"), start(fleet, ".sync", EXIT="3")
    succeeded, failed = ended(fleet, good), ended(fleet, bad)
    assert succeeded["status"] == "SUCCEEDED", succeeded
    task = json.loads(succeeded["output"])
    assert (task["LastStatus"], task["Containers"][0]["ExitCode"]) == ("STOPPED", 0)
    assert task["StartedBy"] == "AWS Step Functions"
    assert (failed["status"], failed["error"]) == ("FAILED", "States.TaskFailed")
    assert json.loads(failed["cause"])["Containers"][0]["ExitCode"] == 3

    stopped = start(fleet, ".sync")
    [running] = fleet.wait(
        lambda: [
            t for t in started_by(fleet, "AWS Step Functions") if t["lastStatus"] == "RUNNING"
        ],
        "the task runs",
    )
    fleet.client("stepfunctions").stop_execution(executionArn=stopped)
    fleet.wait(
        lambda: task_id(running) in str(started_by(fleet, "AWS Step Functions", "STOPPED")),
        "its task is stopped, too",
    )


def test_a_task_answers_its_state_machine_by_a_token(fleet: SmallFleet) -> None:
    waiting = start(fleet, ".waitForTaskToken", **{"TOKEN.$": "$$.Task.Token"})
    ecs = fleet.client("ecs")
    [arn] = fleet.wait(
        lambda: ecs.list_tasks(cluster=fleet.name)["taskArns"], "the machine has run a task"
    )
    token = environment_of(fleet, {"taskArn": arn})["TOKEN"]
    fleet.pass_time(5)  # which does not wait for an execution that waits for a task
    answer = {"taskToken": token, "output": json.dumps({"drawn": 4})}
    fleet.client("stepfunctions").send_task_success(**answer)
    assert json.loads(ended(fleet, waiting)["output"]) == {"drawn": 4}
    ecs.stop_task(cluster=fleet.name, task=arn)
    at_once = json.loads(ended(fleet, start(fleet, EXIT="0"))["output"])
    assert at_once["Failures"] == []
    assert at_once["Tasks"][0]["LastStatus"] in ("PROVISIONING", "PENDING")


def test_a_rule_runs_a_task_with_the_overrides_of_its_input(fleet: SmallFleet) -> None:
    events, ecs = fleet.client("events"), fleet.client("ecs")
    events.put_rule(Name=fleet.name, EventPattern=json.dumps({"source": [fleet.name]}))
    cluster = ecs.describe_clusters(clusters=[fleet.name])["clusters"][0]["clusterArn"]
    overrides = {
        "containerOverrides": [
            {"name": "worker", "environment": [{"name": "GREETING", "value": "from the rule"}]}
        ]
    }
    parameters = {
        "TaskDefinitionArn": ecs.describe_task_definition(taskDefinition=fleet.service_name)[
            "taskDefinition"
        ]["taskDefinitionArn"],
        "CapacityProviderStrategy": [{"capacityProvider": f"{fleet.name}-gpu", "weight": 1}],
    }
    target = {"Id": "task", "Arn": cluster, "RoleArn": ROLE, "EcsParameters": parameters}
    events.put_targets(Rule=fleet.name, Targets=[{**target, "Input": json.dumps(overrides)}])
    event = {"Source": fleet.name, "DetailType": "picture", "Detail": "{}"}
    events.put_events(Entries=[event])
    [task] = fleet.wait(
        lambda: started_by(fleet, f"events-rule/{fleet.name}"), "the rule has run a task"
    )
    assert environment_of(fleet, task)["GREETING"] == "from the rule"
    ecs.stop_task(cluster=fleet.name, task=task["taskArn"])
    events.remove_targets(Rule=fleet.name, Ids=["task"])
    events.delete_rule(Name=fleet.name)
