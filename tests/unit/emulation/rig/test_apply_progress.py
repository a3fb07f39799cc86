"""The progress of an apply: what is done, and which resource it waits for."""

from typing import Any

from emulation.rig.terraform import ApplyProgress

QUEUE, CLUSTER = "module.queue.aws_sqs_queue.jobs", "module.fleet.aws_ecs_cluster.workers"


def plan(add: int, change: int = 0, remove: int = 0) -> dict[str, Any]:
    changes = {"operation": "plan", "add": add, "change": change, "remove": remove}
    return {"type": "change_summary", "changes": changes}


def event(kind: str, address: str, action: str = "create", **more: Any) -> dict[str, Any]:
    return {"type": kind, "hook": {"resource": {"addr": address}, "action": action, **more}}


def after(*events: dict[str, Any]) -> str:
    progress = ApplyProgress()
    for one in events:
        progress.read(one)
    return progress.text()


def test_resources_are_counted_as_they_are_done() -> None:
    done = [event("apply_complete", QUEUE), event("apply_complete", CLUSTER, "update")]
    assert after(plan(add=2, change=1, remove=1), *done) == "2 of 4 resources"


def test_reading_a_data_source_counts_as_no_resource() -> None:
    assert after(plan(add=1), event("apply_complete", QUEUE, "read")) == "0 of 1 resources"


def test_the_resource_that_takes_longest_is_named() -> None:
    waits = [
        event("apply_progress", QUEUE, elapsed_seconds=20),
        event("apply_progress", CLUSTER, elapsed_seconds=10),
    ]
    text = after(plan(add=2), *waits)
    assert text == "0 of 2 resources; 20 s for queue.aws_sqs_queue.jobs and 1 more"


def test_a_resource_that_is_done_or_failed_is_waited_for_no_longer() -> None:
    waits = [event("apply_progress", address, elapsed_seconds=10) for address in (QUEUE, CLUSTER)]
    ends = [event("apply_complete", QUEUE), event("apply_errored", CLUSTER)]
    assert after(plan(add=2), *waits, *ends) == "1 of 2 resources"
