"""Tasks of the fleet agent: their environment, logs and secrets, and how they end."""

import json
import time

import httpx
from small_fleet import SmallFleet, register_definition, task_id


def test_a_task_has_an_environment_metadata_and_a_log(fleet: SmallFleet) -> None:
    [task] = fleet.run_tasks()
    stream = f"worker/worker/{task_id(task)}"
    logs = fleet.client("logs")

    def lines() -> list[str]:
        try:
            found = logs.get_log_events(
                logGroupName=f"/ecs/{fleet.service_name}", logStreamName=stream
            )
        except logs.exceptions.ResourceNotFoundException:
            return []
        text = [event["message"] for event in found["events"]]
        return text if len(text) == 2 else []

    printed = fleet.wait(lines, "the task's log is there")
    assert '"GREETING": "from the task definition"' in printed[0]
    assert fleet.emulator.config.endpoint in printed[0]
    assert '"AWS_EXECUTION_ENV": "AWS_ECS_EC2"' in printed[0]
    assert task["taskArn"] in printed[1]
    assert f'"Family": "{fleet.service_name}"' in printed[1]


def test_metrics_embedded_in_a_tasks_log_are_published(fleet: SmallFleet) -> None:
    directive = {
        "Namespace": fleet.name,
        "Dimensions": [["Model"]],
        "Metrics": [{"Name": "Seconds", "Unit": "Seconds", "StorageResolution": 1}],
    }
    about = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
    line = json.dumps({"_aws": about, "Model": "tiny", "Seconds": 1.5})
    new = register_definition(fleet, PRINT=line)
    fleet.client("ecs").update_service(
        cluster=fleet.name, service=fleet.service_name, taskDefinition=new
    )
    fleet.run_tasks()
    [metric] = fleet.wait(
        lambda: fleet.client("cloudwatch").list_metrics(Namespace=fleet.name)["Metrics"],
        "the metric is there",
    )
    assert metric["MetricName"] == "Seconds"
    assert metric["Dimensions"] == [{"Name": "Model", "Value": "tiny"}]


def test_a_task_gets_its_secrets_and_does_not_start_without_them(fleet: SmallFleet) -> None:
    ssm, manager = fleet.client("ssm"), fleet.client("secretsmanager")
    ssm.put_parameter(Name=f"/{fleet.name}/token", Value="from-ssm", Type="SecureString")
    secret = manager.create_secret(Name=fleet.name, SecretString='{"key": "from-manager"}')
    missing = register_definition(fleet, secrets={"TOKEN": f"/{fleet.name}/none"})
    update = fleet.client("ecs").update_service
    update(cluster=fleet.name, service=fleet.service_name, taskDefinition=missing, desiredCount=1)
    stopped = fleet.wait(
        lambda: [t for t in fleet.tasks("STOPPED") if t["lastStatus"] == "STOPPED"],
        "a task fails to start",
    )
    assert stopped[0]["stopCode"] == "TaskFailedToStart"
    assert f"unable to pull secrets or registry auth: /{fleet.name}/none" in str(stopped[0])

    good = register_definition(
        fleet, secrets={"TOKEN": f"/{fleet.name}/token", "KEY": f"{secret['ARN']}:key::"}
    )
    update(cluster=fleet.name, service=fleet.service_name, taskDefinition=good)
    [task] = fleet.wait(fleet.running, "a task runs")
    fleet.wait(lambda: "started" in fleet.worker_events(task), "it works")
    [shown] = [t for t in fleet.agent_state()["tasks"] if t["task"] in task["taskArn"]]
    environment = fleet.emulator.task_environment(shown)
    assert (environment["TOKEN"], environment["KEY"]) == ("from-ssm", "from-manager")
    assert "from-ssm" not in fleet.emulator.printed()
    assert "from-manager" not in json.dumps(fleet.agent_state())


def test_scale_in_does_not_stop_a_protected_task(fleet: SmallFleet) -> None:
    tasks = fleet.run_tasks(2)
    fleet.wait(lambda: fleet.worker_events(tasks[0]), "it works")
    url = f"{fleet.task_uri(tasks[0])}/task-protection/v1/state"
    put = httpx.put(url, json={"ProtectionEnabled": True, "ExpiresInMinutes": 5})
    assert put.json()["protection"]["ProtectionEnabled"] is True
    assert put.json()["protection"]["TaskArn"] == tasks[0]["taskArn"]
    fleet.set_desired_count(0)
    left = fleet.wait(lambda: len(fleet.tasks()) == 1 and fleet.tasks(), "one task is left")
    assert left[0]["taskArn"] == tasks[0]["taskArn"]
    assert [e for e in fleet.events() if "tasks having scale-in protection" in e]
    protection = fleet.client("ecs").get_task_protection(
        cluster=fleet.name, tasks=[left[0]["taskArn"]]
    )
    assert protection["protectedTasks"][0]["protectionEnabled"] is True
    assert fleet.worker_events(tasks[0]) == ["started"]
    httpx.put(url, json={"ProtectionEnabled": False})
    fleet.wait(lambda: not fleet.tasks(), "it stops once it is not protected")


def test_a_task_gets_sigterm_and_after_its_stop_timeout_sigkill(fleet: SmallFleet) -> None:
    stubborn = register_definition(fleet, stop_timeout=2, STUBBORN="yes")
    fleet.client("ecs").update_service(
        cluster=fleet.name, service=fleet.service_name, taskDefinition=stubborn
    )
    [task] = fleet.run_tasks()
    fleet.wait(lambda: fleet.worker_events(task), "it works")
    fleet.set_desired_count(0)
    fleet.wait(lambda: fleet.worker_events(task) == ["started", "got SIGTERM"], "it is got SIGTERM")
    stopped = fleet.wait(
        lambda: [t for t in fleet.tasks("STOPPED") if t["lastStatus"] == "STOPPED"], "it stops"
    )
    assert stopped[0]["containers"][0]["exitCode"] == 137
    assert stopped[0]["stopCode"] == "ServiceSchedulerInitiated"


def test_a_crashed_task_is_replaced_and_failing_starts_are_an_event(
    fleet: SmallFleet,
) -> None:
    [task] = fleet.run_tasks()
    name = task_id(task)
    fleet.change_fleet("crash-task", task=name)
    new = fleet.wait(
        lambda: [t for t in fleet.running() if t["taskArn"] != task["taskArn"]], "another runs"
    )
    [crashed] = [t for t in fleet.tasks("STOPPED") if t["taskArn"] == task["taskArn"]]
    assert crashed["stoppedReason"] == "Essential container in task exited"
    key = f"{fleet.name}/{fleet.service_name}"
    fleet.change_fleet("crash-task", service=key)
    fleet.change_fleet("crash-task", task=task_id(new[0]))
    fleet.wait(
        lambda: [e for e in fleet.events() if "unable to consistently start" in e],
        "the service reports it",
    )
    fleet.change_fleet("crash-task", service=key, stop=True)
    fleet.wait(fleet.running, "it recovers")
