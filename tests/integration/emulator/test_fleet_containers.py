"""Tasks of several containers and their health checks, through ECS's API."""

from pathlib import Path
from typing import Any

from small_fleet import IMAGE, SmallFleet, task_id

FOREVER = "trap 'exit 7' TERM; while :; do sleep 0.1; done"


def folder_of(fleet: SmallFleet) -> Path:
    """A folder that the fleet's containers see, too."""
    folder = fleet.emulator.config.tasks.folder
    assert folder is not None
    return folder


def shell(fleet: SmallFleet, name: str, script: str, **settings: Any) -> dict[str, Any]:
    """The definition of a container that runs a script."""
    folder = str(folder_of(fleet))
    return {
        "name": name,
        "image": IMAGE,
        "cpu": 10,
        "memory": 64,
        # The image has an entry point of its own.
        "entryPoint": ["sh", "-c"],
        "command": [script],
        "mountPoints": [{"sourceVolume": "folder", "containerPath": folder}],
        **settings,
    }


def deploy(fleet: SmallFleet, *containers: dict[str, Any]) -> dict[str, Any]:
    """A running task of these containers."""
    source = {"sourcePath": str(folder_of(fleet))}
    definition = fleet.client("ecs").register_task_definition(
        family=f"{fleet.name}-several",
        requiresCompatibilities=["EC2"],
        volumes=[{"name": "folder", "host": source}],
        containerDefinitions=list(containers),
    )["taskDefinition"]["taskDefinitionArn"]
    fleet.client("ecs").update_service(
        cluster=fleet.name, service=fleet.service_name, taskDefinition=definition, desiredCount=1
    )
    [task] = fleet.wait(fleet.running, "a task runs")
    found: dict[str, Any] = task
    return found


def described(fleet: SmallFleet, task: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = fleet.client("ecs").describe_tasks(
        cluster=fleet.name, tasks=[task["taskArn"]]
    )["tasks"][0]
    return found


def containers_of(fleet: SmallFleet, task: dict[str, Any]) -> dict[str, tuple[str, int | None]]:
    """Status and exit code of each container."""
    found = described(fleet, task)["containers"]
    return {one["name"]: (one["lastStatus"], one.get("exitCode")) for one in found}


def test_containers_start_in_their_order_and_end_with_an_essential_one(fleet: SmallFleet) -> None:
    done = folder_of(fleet) / f"{fleet.name}-done"
    wait = f"while [ ! -e {done} ]; do sleep 0.1; done; exit 3"
    task = deploy(
        fleet,
        shell(fleet, "init", "exit 0", essential=False),
        shell(
            fleet,
            "web",
            wait,
            dependsOn=[{"containerName": "init", "condition": "SUCCESS"}],
        ),
        shell(fleet, "brief", "exit 5", essential=False),
        shell(
            fleet,
            "proxy",
            FOREVER,
            essential=False,
            dependsOn=[{"containerName": "web", "condition": "START"}],
        ),
    )
    fleet.wait(
        lambda: (
            containers_of(fleet, task)
            == {
                "init": ("STOPPED", 0),
                "web": ("RUNNING", None),
                "brief": ("STOPPED", 5),
                "proxy": ("RUNNING", None),
            }
        ),
        "what is not essential has ended, and the task runs",
    )
    assert described(fleet, task)["lastStatus"] == "RUNNING"
    arns = {one["containerArn"] for one in described(fleet, task)["containers"]}
    assert len(arns) == 4
    assert all(f":container/{fleet.name}/{task_id(task)}/" in arn for arn in arns)
    done.touch()
    stopped = fleet.wait(
        lambda: [t for t in [described(fleet, task)] if t["lastStatus"] == "STOPPED"], "it stops"
    )[0]
    assert stopped["stopCode"] == "EssentialContainerExited"
    assert stopped["stoppedReason"] == "Essential container in task exited"
    assert containers_of(fleet, task)["web"] == ("STOPPED", 3)
    assert containers_of(fleet, task)["proxy"] == ("STOPPED", 7)


def test_an_unhealthy_task_is_replaced(fleet: SmallFleet) -> None:
    well, sick = folder_of(fleet) / f"{fleet.name}-well", f"{folder_of(fleet)}/sick"
    command = ["CMD-SHELL", f"test -e {well} && test ! -e {sick}-${{ECS_AGENT_URI##*/}}"]
    # In the start period no failure counts: nothing is healthy, nor unhealthy, before `well`.
    check = {"command": command, "interval": 5, "timeout": 2, "retries": 1, "startPeriod": 300}
    task = deploy(fleet, shell(fleet, "web", FOREVER, healthCheck=check))
    assert (task["healthStatus"], task["containers"][0]["healthStatus"]) == ("UNKNOWN", "UNKNOWN")
    assert fleet.service()["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    well.touch()
    fleet.wait(lambda: described(fleet, task)["healthStatus"] == "HEALTHY", "it is healthy")
    fleet.wait(
        lambda: fleet.service()["deployments"][0]["rolloutState"] == "COMPLETED",
        "the deployment is over",
    )
    (folder_of(fleet) / f"sick-{task_id(task)}").touch()
    fleet.wait(lambda: described(fleet, task)["healthStatus"] == "UNHEALTHY", "it is unhealthy")
    fleet.wait(lambda: described(fleet, task)["lastStatus"] == "STOPPED", "it is stopped")
    assert described(fleet, task)["stoppedReason"] == "Task failed container health checks"
    assert [e for e in fleet.events() if "failed container health checks" in e]
    [other] = fleet.wait(fleet.running, "another one runs")
    assert other["taskArn"] != task["taskArn"]
