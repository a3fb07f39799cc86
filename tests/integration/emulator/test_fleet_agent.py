"""The fleet agent launches instances and runs tasks, and ends them, as AWS does."""

import time

import httpx
import pytest
from running_emulator import Emulator
from small_fleet import SmallFleet, add_scaling


def test_a_backlog_wakes_the_fleet_which_sleeps_again_when_it_is_gone(fleet: SmallFleet) -> None:
    add_scaling(fleet)
    names = ("launch_seconds", "register_seconds", "pull_seconds", "terminate_seconds")
    fleet.change_fleet("settings", groups={fleet.service_name: dict.fromkeys(names, 60)})
    assert fleet.is_asleep()
    fleet.wait(fleet.while_publishing(3, fleet.running), "a task runs")
    [task] = fleet.running()
    fleet.wait(lambda: fleet.worker_events(task) == ["started"], "its process works")
    fleet.wait(fleet.while_publishing(0, fleet.is_asleep), "the fleet sleeps again")
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
    history = iter(fleet.history())
    assert all(state in history for state in order), fleet.history()
    assert "alarm ALARM" in fleet.recorded_states
    assert fleet.worker_events(task) == ["started", "got SIGTERM", "stopped"]
    codes = [(a["StatusCode"], a["Description"].split(":")[0]) for a in fleet.activities()]
    launched, ended = "Launching a new EC2 instance", "Terminating EC2 instance"
    assert codes == [("Successful", launched)] * 2 + [("Successful", ended)] * 2
    events = " ".join(fleet.events())
    for text in ("has started 1 tasks", "has stopped 1 running tasks", "reached a steady state"):
        assert text in events
    scaled = fleet.client("application-autoscaling").describe_scaling_activities(
        ServiceNamespace="ecs", ResourceId=f"service/{fleet.name}/{fleet.service_name}"
    )["ScalingActivities"]
    assert scaled[-1]["Description"] == "Setting desired count to 1."


def test_the_aws_apis_describe_the_running_fleet(fleet: SmallFleet) -> None:
    [task] = fleet.run_tasks()
    service = fleet.service()
    assert (service["desiredCount"], service["runningCount"], service["pendingCount"]) == (1, 1, 0)
    fleet.wait(lambda: fleet.service()["deployments"][0]["rolloutState"] == "COMPLETED", "done")
    assert task["capacityProviderName"] == f"{fleet.name}-gpu"
    assert task["containers"][0]["lastStatus"] == "RUNNING"
    [instance] = fleet.client("ecs").describe_container_instances(
        cluster=fleet.name, containerInstances=[task["containerInstanceArn"]]
    )["containerInstances"]
    assert (instance["status"], instance["runningTasksCount"]) == ("ACTIVE", 1)
    free = {resource["name"]: resource for resource in instance["remainingResources"]}
    assert free["CPU"]["integerValue"] == 2048
    assert free["GPU"]["stringSetValue"] == []
    protected = {i["InstanceId"]: i["ProtectedFromScaleIn"] for i in fleet.group()["Instances"]}
    assert protected[instance["ec2InstanceId"]] is True
    [reservation] = fleet.client("ec2").describe_instances(InstanceIds=[instance["ec2InstanceId"]])[
        "Reservations"
    ]
    assert reservation["Instances"][0]["InstanceLifecycle"] == "spot"
    cluster = fleet.client("ecs").describe_clusters(clusters=[fleet.name])["clusters"][0]
    assert (cluster["runningTasksCount"], cluster["activeServicesCount"]) == (1, 1)


def test_a_spot_interruption_ends_the_instance_and_the_task_is_replaced(fleet: SmallFleet) -> None:
    [task] = fleet.run_tasks()
    before = {i["InstanceId"] for i in fleet.group()["Instances"]}
    [container] = fleet.client("ecs").describe_container_instances(
        cluster=fleet.name, containerInstances=[task["containerInstanceArn"]]
    )["containerInstances"]
    lost = container["ec2InstanceId"]
    fleet.change_fleet("interrupt", instance=lost)
    fleet.wait(lambda: "got SIGTERM" in fleet.worker_events(task), "the task gets SIGTERM")
    fleet.wait(
        lambda: lost not in {i["InstanceId"] for i in fleet.group()["Instances"]}, "it is gone"
    )
    new = fleet.wait(fleet.running, "another task runs")
    assert new[0]["taskArn"] != task["taskArn"]
    assert lost in before
    [reservation] = fleet.client("ec2").describe_instances(InstanceIds=[lost])["Reservations"]
    assert reservation["Instances"][0]["State"]["Name"] == "terminated"


def test_denied_launches_are_failed_activities_until_they_are_allowed(fleet: SmallFleet) -> None:
    fleet.change_fleet("deny-capacity", group=fleet.service_name, reason="quota")
    fleet.set_desired_count(1)
    fleet.wait(lambda: len(fleet.activities()) >= 2, "launches fail")
    assert {a["StatusCode"] for a in fleet.activities()} == {"Failed"}
    assert "current vCPU limit of 0" in fleet.activities()[0]["StatusMessage"]
    assert [task["lastStatus"] for task in fleet.tasks()] == ["PROVISIONING"]
    assert "unable to place a task" in " ".join(fleet.events())
    fleet.change_fleet("allow-capacity", group=fleet.service_name)
    fleet.wait(fleet.running, "the task runs")


def test_an_instance_that_ec2_terminates_is_replaced(fleet: SmallFleet) -> None:
    [task] = fleet.run_tasks()
    [container] = fleet.client("ecs").describe_container_instances(
        cluster=fleet.name, containerInstances=[task["containerInstanceArn"]]
    )["containerInstances"]
    fleet.client("ec2").terminate_instances(InstanceIds=[container["ec2InstanceId"]])
    fleet.set_desired_count(1)
    fleet.wait(
        lambda: [t for t in fleet.running() if t["taskArn"] != task["taskArn"]], "another runs"
    )


def test_start_task_and_unknown_changes_are_refused(fleet: SmallFleet) -> None:
    ecs = fleet.client("ecs")
    with pytest.raises(ecs.exceptions.ClientError, match="StartTask is not emulated here"):
        ecs.start_task(
            cluster=fleet.name, taskDefinition=fleet.service_name, containerInstances=["any"]
        )
    groups = fleet.client("autoscaling")
    with pytest.raises(groups.exceptions.ClientError, match="No managed instance found"):
        groups.terminate_instance_in_auto_scaling_group(
            InstanceId="i-0", ShouldDecrementDesiredCapacity=True
        )
    url = f"{fleet.emulator.config.endpoint}/_emulator/fleet"
    assert "'explode' is unknown" in httpx.post(f"{url}/explode", json={}).json()["error"]
    assert "'sped' is no setting" in httpx.post(f"{url}/settings", json={"sped": 1}).json()["error"]
    assert httpx.post(f"{url}/interrupt", json={"instance": "i-0"}).status_code == 400


def test_a_draining_container_instance_gets_no_more_tasks(fleet: SmallFleet) -> None:
    [task] = fleet.run_tasks()
    drained = task["containerInstanceArn"]
    fleet.client("ecs").update_container_instances_state(
        cluster=fleet.name, containerInstances=[drained], status="DRAINING"
    )
    new = fleet.wait(
        lambda: [t for t in fleet.running() if t["taskArn"] != task["taskArn"]], "another runs"
    )
    assert new[0]["containerInstanceArn"] != drained
    [instance] = fleet.client("ecs").describe_container_instances(
        cluster=fleet.name, containerInstances=[drained]
    )["containerInstances"]
    assert (instance["status"], instance["runningTasksCount"]) == ("DRAINING", 0)


def test_an_idle_agent_uses_no_processor_time(fleet: SmallFleet, fleet_emulator: Emulator) -> None:
    fleet.run_tasks()
    fleet.set_desired_count(0)
    fleet.wait(fleet.is_asleep, "the fleet sleeps")
    before = fleet_emulator.cpu_seconds()
    time.sleep(3)  # the processor time of this interval is measured
    assert fleet_emulator.cpu_seconds() - before < 0.3
