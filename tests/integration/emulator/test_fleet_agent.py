"""The fleet agent brings tasks and instances, and takes them away, as AWS does."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import emulators
import httpx
import pytest
from emulated import ROLE, Emulator
from fleets import FleetStack, add_scaling, make, register, worker_tasks


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return emulators.make_folder(tmp_path_factory, "fleets")


@pytest.fixture(scope="module")
def events(folder: Path) -> Path:
    return folder / "events"


@pytest.fixture(scope="module")
def emulator(folder: Path) -> Iterator[Emulator]:
    running = emulators.start(folder, worker_tasks(folder))
    yield running
    running.remove()


@pytest.fixture
def stack(emulator: Emulator, request: pytest.FixtureRequest) -> Iterator[FleetStack]:
    made = make(emulator, f"f{abs(hash(request.node.name)) % 10**6}")
    yield made
    remove(made)


def remove(stack: FleetStack) -> None:
    """Remove the service and the group, whatever still runs."""
    stack.client("ecs").delete_service(cluster=stack.name, service=stack.service_name, force=True)
    stack.client("autoscaling").delete_auto_scaling_group(
        AutoScalingGroupName=stack.service_name, ForceDelete=True
    )


def noted(events: Path, task: dict[str, Any]) -> list[str]:
    """What a task has noted."""
    name = task["taskArn"].rsplit("/", 1)[-1]
    lines = events.read_text().splitlines() if events.exists() else []
    return [line.split(" ", 1)[1] for line in lines if line.startswith(name)]


def agent_uri(stack: FleetStack, task: dict[str, Any]) -> str:
    """The address of a task's own endpoints."""
    name = task["taskArn"].rsplit("/", 1)[-1]
    return f"{stack.emulator.config.endpoint}/_emulator/tasks/{name}"


def test_a_metric_wakes_the_fleet_and_its_fall_sends_it_to_sleep(
    stack: FleetStack, events: Path
) -> None:
    add_scaling(stack)
    names = ("launch_seconds", "register_seconds", "pull_seconds", "terminate_seconds")
    stack.fleet("settings", groups={stack.service_name: dict.fromkeys(names, 60)})
    assert stack.asleep()
    stack.wait(stack.publishing(3, stack.running), "a task runs")
    [task] = stack.running()
    stack.wait(lambda: noted(events, task) == ["started"], "its process works")
    stack.wait(stack.publishing(0, stack.asleep), "the fleet sleeps again")
    order = [
        "group 0",
        "service 0",
        "service 1",
        "task PROVISIONING",
        "group 2",
        "instance Pending",
        "instance InService",
        "container_instance ACTIVE",
        "task PENDING",
        "task RUNNING",
        "service 0",
        "task STOPPED",
        "group 0",
        "instance Terminating",
    ]
    history = iter(stack.history())
    assert all(state in history for state in order), stack.history()
    assert "alarm ALARM" in stack.seen
    assert noted(events, task) == ["started", "told to stop", "stopped"]
    codes = [(one["StatusCode"], one["Description"].split(":")[0]) for one in stack.activities()]
    launched, ended = "Launching a new EC2 instance", "Terminating EC2 instance"
    assert codes == [("Successful", launched)] * 2 + [("Successful", ended)] * 2
    told = " ".join(stack.events())
    for text in ("has started 1 tasks", "has stopped 1 running tasks", "reached a steady state"):
        assert text in told
    scaled = stack.client("application-autoscaling").describe_scaling_activities(
        ServiceNamespace="ecs", ResourceId=f"service/{stack.name}/{stack.service_name}"
    )["ScalingActivities"]
    assert [one["Description"] for one in scaled][-1] == "Setting desired count to 1."


def test_a_task_gets_its_environment_its_metadata_and_its_log(
    stack: FleetStack, events: Path
) -> None:
    [task] = stack.awake()
    stream = f"worker/worker/{task['taskArn'].rsplit('/', 1)[-1]}"
    logs = stack.client("logs")

    def lines() -> list[str]:
        try:
            found = logs.get_log_events(
                logGroupName=f"/ecs/{stack.service_name}", logStreamName=stream
            )
        except logs.exceptions.ResourceNotFoundException:
            return []
        text = [event["message"] for event in found["events"]]
        return text if len(text) == 2 else []

    printed = stack.wait(lines, "the task's log is there")
    assert '"GREETING": "from the task definition"' in printed[0]
    assert stack.emulator.config.endpoint in printed[0]
    assert '"AWS_EXECUTION_ENV": "AWS_ECS_EC2"' in printed[0]
    assert task["taskArn"] in printed[1]
    assert f'"Family": "{stack.service_name}"' in printed[1]


def test_metrics_in_a_tasks_log_are_published(stack: FleetStack) -> None:
    directive = {
        "Namespace": stack.name,
        "Dimensions": [["Model"]],
        "Metrics": [{"Name": "Seconds", "Unit": "Seconds", "StorageResolution": 1}],
    }
    about = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
    line = json.dumps({"_aws": about, "Model": "tiny", "Seconds": 1.5})
    new = register(stack, PRINT=line)
    stack.client("ecs").update_service(
        cluster=stack.name, service=stack.service_name, taskDefinition=new
    )
    stack.awake()
    [metric] = stack.wait(
        lambda: stack.client("cloudwatch").list_metrics(Namespace=stack.name)["Metrics"],
        "the metric is there",
    )
    assert metric["MetricName"] == "Seconds"
    assert metric["Dimensions"] == [{"Name": "Model", "Value": "tiny"}]


def test_a_task_gets_its_secrets_and_one_without_does_not_start(
    stack: FleetStack, events: Path
) -> None:
    ssm, manager = stack.client("ssm"), stack.client("secretsmanager")
    ssm.put_parameter(Name=f"/{stack.name}/token", Value="from-ssm", Type="SecureString")
    secret = manager.create_secret(Name=stack.name, SecretString='{"key": "from-manager"}')
    missing = register(stack, secrets={"TOKEN": f"/{stack.name}/none"})
    update = stack.client("ecs").update_service
    update(cluster=stack.name, service=stack.service_name, taskDefinition=missing, desiredCount=1)
    stopped = stack.wait(
        lambda: [one for one in stack.tasks("STOPPED") if one["lastStatus"] == "STOPPED"],
        "a task fails to start",
    )
    assert stopped[0]["stopCode"] == "TaskFailedToStart"
    assert f"unable to pull secrets or registry auth: /{stack.name}/none" in str(stopped[0])

    good = register(
        stack, secrets={"TOKEN": f"/{stack.name}/token", "KEY": f"{secret['ARN']}:key::"}
    )
    update(cluster=stack.name, service=stack.service_name, taskDefinition=good)
    [task] = stack.wait(stack.running, "a task runs")
    stack.wait(lambda: "started" in noted(events, task), "it works")
    [shown] = [one for one in stack.fleet()["tasks"] if one["task"] in task["taskArn"]]
    given = stack.emulator.task_environment(shown)
    assert (given["TOKEN"], given["KEY"]) == ("from-ssm", "from-manager")
    assert "from-ssm" not in stack.emulator.printed()
    assert "from-manager" not in json.dumps(stack.fleet())


def test_an_alarm_on_metric_math_sees_what_cannot_be_had(stack: FleetStack) -> None:
    cloudwatch = stack.client("cloudwatch")
    queries: list[dict[str, Any]] = [
        {
            "Id": name,
            "ReturnData": False,
            "MetricStat": {
                "Metric": {"Namespace": stack.name, "MetricName": name},
                "Period": 60,
                "Stat": "Maximum",
            },
        }
        for name in ("wanted", "running")
    ]
    lacking = {"Id": "lacking", "Expression": "IF(wanted > 0 AND running < 1, 1, 0)"}
    cloudwatch.put_metric_alarm(
        AlarmName=f"{stack.name}-out",
        Metrics=[*queries, lacking],
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
    )

    def state_with(running: float) -> str:
        data = [{"MetricName": "wanted", "Value": 1}, {"MetricName": "running", "Value": running}]
        cloudwatch.put_metric_data(Namespace=stack.name, MetricData=data)
        [alarm] = cloudwatch.describe_alarms(AlarmNames=[f"{stack.name}-out"])["MetricAlarms"]
        return str(alarm["StateValue"])

    stack.wait(lambda: state_with(0) == "ALARM", "there is an alarm")
    stack.wait(lambda: state_with(1) == "OK", "it is over")


def test_a_rate_and_a_wait_are_as_fast_as_the_alarms(stack: FleetStack) -> None:
    machines, events = stack.client("stepfunctions"), stack.client("events")
    queue = stack.client("sqs").create_queue(QueueName=stack.name)["QueueUrl"]
    definition = {
        "StartAt": "Wait",
        "States": {
            "Wait": {"Type": "Wait", "Seconds": 15, "Next": "Tell"},
            "Tell": {
                "Type": "Task",
                "Resource": "arn:aws:states:::sqs:sendMessage",
                "Parameters": {"QueueUrl": queue, "MessageBody": "waited"},
                "End": True,
            },
        },
    }
    machine = machines.create_state_machine(
        name=stack.name, definition=json.dumps(definition), roleArn=ROLE, type="EXPRESS"
    )["stateMachineArn"]
    events.put_rule(Name=stack.name, ScheduleExpression="rate(1 minute)")
    events.put_targets(
        Rule=stack.name, Targets=[{"Id": "machine", "Arn": machine, "RoleArn": ROLE}]
    )
    # At a tenth of the time: a rate of 6 s and a wait of 1.5 s, where AWS takes 75 s.
    receive = stack.client("sqs").receive_message
    stack.wait(lambda: receive(QueueUrl=queue).get("Messages"), "the machine has waited", 40)
    events.remove_targets(Rule=stack.name, Ids=["machine"])
    events.delete_rule(Name=stack.name)


def test_a_minute_lasts_until_what_it_started_is_done(stack: FleetStack) -> None:
    machines, events = stack.client("stepfunctions"), stack.client("events")
    wait = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 110, "End": True}}}
    machine = machines.create_state_machine(
        name=stack.name, definition=json.dumps(wait), roleArn=ROLE
    )["stateMachineArn"]
    events.put_rule(Name=stack.name, ScheduleExpression="rate(1 minute)")
    events.put_targets(
        Rule=stack.name, Targets=[{"Id": "machine", "Arn": machine, "RoleArn": ROLE}]
    )

    def executions() -> list[Any]:
        return list(machines.list_executions(stateMachineArn=machine)["executions"])

    # At a tenth of the time: a minute of 6 s, in which 11 s of waiting are begun.
    stack.wait(lambda: len(executions()) == 2, "the second minute has begun", 40)
    events.remove_targets(Rule=stack.name, Ids=["machine"])
    events.delete_rule(Name=stack.name)
    second, first = sorted(executions(), key=lambda one: one["startDate"], reverse=True)
    assert first["stopDate"] <= second["startDate"]


def test_executions_of_long_ago_are_forgotten(stack: FleetStack) -> None:
    machines, events = stack.client("stepfunctions"), stack.client("events")
    done = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
    machine = machines.create_state_machine(
        name=stack.name, definition=json.dumps(done), roleArn=ROLE
    )["stateMachineArn"]
    for _ in range(110):
        machines.start_execution(stateMachineArn=machine)

    def kept() -> int:
        pages = machines.get_paginator("list_executions").paginate(stateMachineArn=machine)
        return sum(len(page["executions"]) for page in pages)

    assert kept() == 110
    events.put_rule(Name=stack.name, ScheduleExpression="rate(1 minute)")
    events.put_targets(
        Rule=stack.name, Targets=[{"Id": "machine", "Arn": machine, "RoleArn": ROLE}]
    )
    stack.wait(lambda: kept() <= 101, "the newest hundred are left", 40)
    events.remove_targets(Rule=stack.name, Ids=["machine"])
    events.delete_rule(Name=stack.name)


def test_what_ecs_describes_is_true(stack: FleetStack) -> None:
    [task] = stack.awake()
    service = stack.service()
    assert (service["desiredCount"], service["runningCount"], service["pendingCount"]) == (1, 1, 0)
    stack.wait(lambda: stack.service()["deployments"][0]["rolloutState"] == "COMPLETED", "done")
    assert task["capacityProviderName"] == f"{stack.name}-gpu"
    assert task["containers"][0]["lastStatus"] == "RUNNING"
    [instance] = stack.client("ecs").describe_container_instances(
        cluster=stack.name, containerInstances=[task["containerInstanceArn"]]
    )["containerInstances"]
    assert (instance["status"], instance["runningTasksCount"]) == ("ACTIVE", 1)
    free = {one["name"]: one for one in instance["remainingResources"]}
    assert free["CPU"]["integerValue"] == 2048
    assert free["GPU"]["stringSetValue"] == []
    there = {one["InstanceId"]: one["ProtectedFromScaleIn"] for one in stack.group()["Instances"]}
    assert there[instance["ec2InstanceId"]] is True
    [reservation] = stack.client("ec2").describe_instances(InstanceIds=[instance["ec2InstanceId"]])[
        "Reservations"
    ]
    assert reservation["Instances"][0]["InstanceLifecycle"] == "spot"
    cluster = stack.client("ecs").describe_clusters(clusters=[stack.name])["clusters"][0]
    assert (cluster["runningTasksCount"], cluster["activeServicesCount"]) == (1, 1)


def test_a_protected_task_is_spared_at_scale_in(stack: FleetStack, events: Path) -> None:
    tasks = stack.awake(2)
    stack.wait(lambda: noted(events, tasks[0]), "it works")
    url = f"{agent_uri(stack, tasks[0])}/task-protection/v1/state"
    put = httpx.put(url, json={"ProtectionEnabled": True, "ExpiresInMinutes": 5})
    assert put.json()["protection"]["ProtectionEnabled"] is True
    assert put.json()["protection"]["TaskArn"] == tasks[0]["taskArn"]
    stack.desired(0)
    left = stack.wait(lambda: len(stack.tasks()) == 1 and stack.tasks(), "one task is left")
    assert left[0]["taskArn"] == tasks[0]["taskArn"]
    assert [e for e in stack.events() if "tasks having scale-in protection" in e]
    told = stack.client("ecs").get_task_protection(cluster=stack.name, tasks=[left[0]["taskArn"]])
    assert told["protectedTasks"][0]["protectionEnabled"] is True
    assert noted(events, tasks[0]) == ["started"]
    httpx.put(url, json={"ProtectionEnabled": False})
    stack.wait(lambda: not stack.tasks(), "it goes once it is not protected any more")


def test_sigterm_comes_first_and_sigkill_after_the_stop_timeout(
    stack: FleetStack, events: Path
) -> None:
    stubborn = register(stack, stop_timeout=2, STUBBORN="yes")
    stack.client("ecs").update_service(
        cluster=stack.name, service=stack.service_name, taskDefinition=stubborn
    )
    [task] = stack.awake()
    stack.wait(lambda: noted(events, task), "it works")
    stack.desired(0)
    stack.wait(lambda: noted(events, task) == ["started", "told to stop"], "it is told to stop")
    stopped = stack.wait(
        lambda: [t for t in stack.tasks("STOPPED") if t["lastStatus"] == "STOPPED"], "it stops"
    )
    assert stopped[0]["containers"][0]["exitCode"] == 137
    assert stopped[0]["stopCode"] == "ServiceSchedulerInitiated"


def test_a_spot_interruption_takes_the_instance_and_the_task_is_replaced(
    stack: FleetStack, events: Path
) -> None:
    [task] = stack.awake()
    before = {one["InstanceId"] for one in stack.group()["Instances"]}
    [container] = stack.client("ecs").describe_container_instances(
        cluster=stack.name, containerInstances=[task["containerInstanceArn"]]
    )["containerInstances"]
    lost = container["ec2InstanceId"]
    stack.fleet("interrupt", instance=lost)
    stack.wait(lambda: "told to stop" in noted(events, task), "the task is told")
    stack.wait(
        lambda: lost not in {one["InstanceId"] for one in stack.group()["Instances"]}, "it is gone"
    )
    new = stack.wait(stack.running, "another task runs")
    assert new[0]["taskArn"] != task["taskArn"]
    assert lost in before
    [gone_one] = stack.client("ec2").describe_instances(InstanceIds=[lost])["Reservations"]
    assert gone_one["Instances"][0]["State"]["Name"] == "terminated"


def test_denied_capacity_shows_as_failed_activities_until_it_is_allowed(stack: FleetStack) -> None:
    stack.fleet("deny-capacity", group=stack.service_name, reason="quota")
    stack.desired(1)
    stack.wait(lambda: len(stack.activities()) >= 2, "launches fail")
    assert {one["StatusCode"] for one in stack.activities()} == {"Failed"}
    assert "current vCPU limit of 0" in stack.activities()[0]["StatusMessage"]
    assert [task["lastStatus"] for task in stack.tasks()] == ["PROVISIONING"]
    assert "unable to place a task" in " ".join(stack.events())
    stack.fleet("allow-capacity", group=stack.service_name)
    stack.wait(stack.running, "the task runs")


def test_a_task_that_crashes_is_replaced_and_one_that_never_starts_is_told_of(
    stack: FleetStack,
) -> None:
    [task] = stack.awake()
    name = task["taskArn"].rsplit("/", 1)[-1]
    stack.fleet("crash-task", task=name)
    new = stack.wait(
        lambda: [t for t in stack.running() if t["taskArn"] != task["taskArn"]], "another runs"
    )
    [crashed] = [t for t in stack.tasks("STOPPED") if t["taskArn"] == task["taskArn"]]
    assert crashed["stoppedReason"] == "Essential container in task exited"
    key = f"{stack.name}/{stack.service_name}"
    stack.fleet("crash-task", service=key)
    stack.fleet("crash-task", task=new[0]["taskArn"].rsplit("/", 1)[-1])
    stack.wait(
        lambda: [e for e in stack.events() if "unable to consistently start" in e], "it is told"
    )
    stack.fleet("crash-task", service=key, stop=True)
    stack.wait(stack.running, "it recovers")


def test_an_instance_that_is_terminated_through_ec2_is_replaced(stack: FleetStack) -> None:
    [task] = stack.awake()
    [container] = stack.client("ecs").describe_container_instances(
        cluster=stack.name, containerInstances=[task["containerInstanceArn"]]
    )["containerInstances"]
    stack.client("ec2").terminate_instances(InstanceIds=[container["ec2InstanceId"]])
    stack.desired(1)
    stack.wait(
        lambda: [t for t in stack.running() if t["taskArn"] != task["taskArn"]], "another runs"
    )


def test_tasks_cannot_be_run_by_hand_and_unknown_changes_are_refused(stack: FleetStack) -> None:
    ecs = stack.client("ecs")
    with pytest.raises(ecs.exceptions.ClientError, match="RunTask is not emulated here"):
        ecs.run_task(cluster=stack.name, taskDefinition=stack.service_name)
    groups = stack.client("autoscaling")
    with pytest.raises(groups.exceptions.ClientError, match="No managed instance found"):
        groups.terminate_instance_in_auto_scaling_group(
            InstanceId="i-0", ShouldDecrementDesiredCapacity=True
        )
    url = f"{stack.emulator.config.endpoint}/_emulator/fleet"
    assert "'explode' is unknown" in httpx.post(f"{url}/explode", json={}).json()["error"]
    assert "'sped' is no setting" in httpx.post(f"{url}/settings", json={"sped": 1}).json()["error"]
    assert httpx.post(f"{url}/interrupt", json={"instance": "i-0"}).status_code == 400


def test_an_instance_that_somebody_drains_gets_no_more_tasks(stack: FleetStack) -> None:
    [task] = stack.awake()
    drained = task["containerInstanceArn"]
    stack.client("ecs").update_container_instances_state(
        cluster=stack.name, containerInstances=[drained], status="DRAINING"
    )
    new = stack.wait(
        lambda: [t for t in stack.running() if t["taskArn"] != task["taskArn"]], "another runs"
    )
    assert new[0]["containerInstanceArn"] != drained
    [instance] = stack.client("ecs").describe_container_instances(
        cluster=stack.name, containerInstances=[drained]
    )["containerInstances"]
    assert (instance["status"], instance["runningTasksCount"]) == ("DRAINING", 0)


def test_an_agent_with_nothing_to_do_uses_no_processor_time(
    stack: FleetStack, emulator: Emulator
) -> None:
    stack.awake()
    stack.desired(0)
    stack.wait(stack.asleep, "the fleet sleeps")
    before = emulator.cpu_seconds()
    time.sleep(3)  # what is measured is a time
    assert emulator.cpu_seconds() - before < 0.3
