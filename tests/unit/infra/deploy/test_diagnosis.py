"""What the diagnosis says about a sick fleet, by AWS's own words, and what is collected of it."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from discord_diffusion.worker import __main__ as worker
from discord_diffusion.worker.shutdown import UNUSABLE
from infra.deploy import fleet_checks, request_checks
from infra.deploy.collection import collect
from infra.deploy.diagnosis import FLEET, causes, diagnose
from infra.deploy.failure_reasons import EVENTS, LAUNCHES, TASKS, explain
from infra.deploy.finding import Finding, Verdict, bad
from infra.deploy.redaction import redacted
from tests.deployments import deployment
from tests.fleet_answers import (
    INSTANCE,
    cluster,
    failed_launches,
    group,
    launched,
    now,
    service,
    stopped,
)
from tests.stubbed_aws import Refused, StubbedAws


def found_by(check: Any, **answers: Any) -> list[Finding]:
    return list(check(StubbedAws(answers=answers), deployment()))


def test_a_sleeping_service_is_well() -> None:
    [found] = found_by(fleet_checks.service, ecs=service())
    assert found.verdict is Verdict.GOOD
    assert found.found == "0 tasks wanted, 0 running; the last deployment: completed"


def test_a_deployment_that_ecs_gave_up_is_said_with_ecss_reason() -> None:
    given_up = {
        "status": "PRIMARY",
        "rolloutState": "FAILED",
        "rolloutStateReason": "tasks failed to start",
    }
    [found] = found_by(fleet_checks.service, ecs=service(deployments=[given_up]))
    assert found.verdict is Verdict.BAD
    assert "tasks failed to start" in found.found


def test_a_cluster_without_the_service_is_sent_to_the_deployment() -> None:
    missing = {"describe_services": Refused("ClusterNotFoundException")}
    [found] = found_by(fleet_checks.service, ecs=missing)
    assert found.verdict is Verdict.BAD
    assert "make deploy-aws" in found.to_do


def test_events_of_a_service_are_explained_and_harmless_ones_left_out() -> None:
    messages = ("has reached a steady state.", "is unable to consistently start tasks.")
    events = [{"createdAt": now(), "message": message} for message in messages]
    found = found_by(fleet_checks.service, ecs=service(events=events))
    assert [one.name for one in found] == ["service", "service's events"]


@pytest.mark.parametrize(
    ("message", "meaning"),
    [
        ("Could not launch Spot Instances. MaxSpotInstanceCountExceeded - Max", "Spot vCPUs"),
        ("more vCPU capacity than your current vCPU limit of 0 allows", "on-demand vCPUs"),
        ("We currently do not have sufficient g4dn.xlarge capacity in", "no GPU instance"),
        ("Could not launch Spot Instances. UnfulfillableCapacity", "no GPU instance"),
        ("AuthFailure.ServiceLinkedRoleCreationNotPermitted", "service-linked role"),
        ("The image id '[ami-1]' does not exist. Launching failed.", "image does not exist"),
        (
            "Your requested instance type is not supported in your requested Availability Zone",
            "zone",
        ),
        ("You are not authorized to perform this operation.", "forbids the launch"),
    ],
)
def test_each_reason_of_a_failed_launch_is_explained(message: str, meaning: str) -> None:
    [found] = found_by(fleet_checks.launches, autoscaling=failed_launches(message, message))
    assert found.verdict is Verdict.BAD
    assert meaning in found.found
    assert "(2 times)" in found.found
    assert found.to_do


def test_a_launch_that_auto_scaling_cancelled_is_explained_too() -> None:
    died = (
        "Instance became unhealthy while waiting for instance to be in InService state. "
        "Termination Reason: Client.InternalError: Client error on launch"
    )
    answers = failed_launches(died, status="Cancelled")
    [found] = found_by(fleet_checks.launches, autoscaling=answers)
    assert "could not be encrypted or decrypted" in found.found


def test_a_launch_that_somebody_cancelled_is_no_finding() -> None:
    ended = "Termination Reason: Client.UserInitiatedShutdown: User initiated shutdown"
    answers = failed_launches(ended, "", status="Cancelled")
    assert found_by(fleet_checks.launches, autoscaling=answers) == []


def test_a_reason_that_is_unknown_is_shown_as_it_is() -> None:
    [found] = found_by(fleet_checks.launches, autoscaling=failed_launches("The moon is full."))
    assert "The moon is full." in found.found


@pytest.mark.parametrize(
    ("reason", "meaning"),
    [
        ("CannotPullContainerError: manifest for x:1 not found", "not in the registry"),
        ("CannotPullContainerError: no basic auth credentials", "may not fetch"),
        ("CannotPullContainerError: write: no space left on device", "disk is too small"),
        ("CannotPullContainerError: dial tcp 1.2.3.4:443: i/o timeout", "does not reach"),
        ("CannotStartContainerError: exec format error", "another processor"),
        ('could not select device driver "nvidia" with capabilities: [[gpu]]', "no GPU"),
        ("OutOfMemoryError: Container killed due to memory usage", "memory"),
        ("CannotStartContainerError: the container was made to fail", "could not be started"),
        ("Task failed container health checks", "no progress"),
        ("Host EC2 was terminated by a Spot interruption.", "taken back"),
    ],
)
def test_each_reason_of_a_stopped_task_is_explained(reason: str, meaning: str) -> None:
    [found] = found_by(fleet_checks.stopped_tasks, ecs=stopped(reason))
    assert meaning in found.found
    assert found.to_do


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        (worker.WRONG_SETTINGS, "settings are wrong"),
        (worker.NO_MODEL, "cannot load its model"),
        (UNUSABLE, "the pipeline hung"),
        (137, "was killed"),
        (1, "ended by itself"),
    ],
)
def test_the_workers_exit_codes_are_explained(code: int, meaning: str) -> None:
    ended = stopped("Essential container in task exited", exitCode=code)
    [found] = found_by(fleet_checks.stopped_tasks, ecs=ended)
    assert meaning in found.found


def test_the_emulators_words_are_known() -> None:
    """What the rehearsal can cause is explained: a rehearsed failure is never `unknown`."""
    from ecs_fleet_emulator.simulation import services, tasks

    assert explain(tasks.CRASHED_AT_START, TASKS)
    assert explain(tasks.IMAGE_NOT_PULLED, TASKS)
    assert explain("deployment failed: tasks failed to start.", EVENTS)
    assert explain(services.NOT_PLACED, EVENTS) is None, "a start, not a failure"


def test_an_instance_that_never_joins_is_named_with_its_console_and_its_cost() -> None:
    answers = {"ecs": cluster(), "autoscaling": group(INSTANCE), "ec2": launched(minutes=11)}
    [found] = found_by(fleet_checks.instances, **answers)
    assert found.verdict is Verdict.BAD
    assert "did not join the cluster within 8 minutes" in found.found
    assert "cloud-init done | ecs.service: inactive" in found.found
    assert f"--instance-id {INSTANCE}" in found.to_do


def test_an_instance_that_ec2_does_not_know_yet_has_just_been_launched() -> None:
    unknown = launched(minutes=0) | {"describe_instances": Refused("InvalidInstanceID.NotFound")}
    [found] = found_by(
        fleet_checks.instances, autoscaling=group(INSTANCE), ecs=cluster(), ec2=unknown
    )
    assert found.verdict is Verdict.WARNING
    assert "has not joined the cluster yet" in found.found


def test_an_instance_that_starts_is_no_failure_and_a_joined_one_is_good() -> None:
    starting = {"ecs": cluster(), "autoscaling": group(INSTANCE), "ec2": launched(minutes=2)}
    assert [one.verdict for one in found_by(fleet_checks.instances, **starting)] == [
        Verdict.WARNING
    ]
    joined = {"ecs": cluster(i_0123456789abcdef0=True), "autoscaling": group(INSTANCE)}
    assert [one.verdict for one in found_by(fleet_checks.instances, **joined)] == [Verdict.GOOD]


def test_a_lost_agent_is_a_warning() -> None:
    lost = {"ecs": cluster(i_0123456789abcdef0=False), "autoscaling": group(INSTANCE)}
    assert "no agent answers" in found_by(fleet_checks.instances, **lost)[-1].found


def alarm(environment: str, name: str, state: str = "ALARM") -> dict[str, Any]:
    """An alarm for people of an environment."""
    prefix = f"discord-diffusion-{environment}"
    topic = f"arn:aws:sns:us-east-2:123456789012:{prefix}-alarms"
    return {"AlarmName": f"{prefix}-{name}", "StateValue": state, "AlarmActions": [topic]}


def test_alarms_that_scale_or_are_of_another_deployment_are_no_finding() -> None:
    policy = "arn:aws:autoscaling:us-east-2:123456789012:scalingPolicy:1:resource/ecs/service/x"
    scaling = alarm("prod", "task-surplus") | {"AlarmActions": [policy]}
    others, own = alarm("prod-eu", "no-capacity"), alarm("prod", "no-capacity", "OK")
    answers = {"describe_alarms": {"MetricAlarms": [scaling, others, own]}}
    [found] = found_by(request_checks.alarms, cloudwatch=answers)
    assert (found.verdict, found.found) == (Verdict.GOOD, "none of the 1 for people fires")


def sick() -> StubbedAws:
    ecs = service(desiredCount=1) | cluster() | stopped("CannotPullContainerError: denied")
    ecs["list_tasks"] = Refused("AccessDeniedException")
    groups = group() | failed_launches("InsufficientInstanceCapacity")
    alarms = {"describe_alarms": {"MetricAlarms": [alarm("prod", "starts-stopped")]}}
    return StubbedAws(answers={"ecs": ecs, "autoscaling": groups, "cloudwatch": alarms})


def test_a_check_that_aws_refuses_does_not_hide_the_others() -> None:
    found = {one.name: one for one in diagnose(sick(), deployment(), FLEET)}
    assert found["stopped tasks"].verdict is Verdict.WARNING
    assert "could not be looked at" in found["stopped tasks"].found
    assert found["launches"].verdict is Verdict.BAD
    text = causes(sick(), deployment())
    assert "no GPU instance" in text
    assert "alarms: discord-diffusion-prod-starts-stopped" in text, "the loop has stopped starting"
    assert "→" in text


def test_the_diagnosis_only_reads() -> None:
    aws = sick()
    diagnose(aws, deployment(), FLEET)
    assert {operation.split("_")[0] for _, operation, _ in aws.calls} <= {"describe", "list", "get"}


def lines(*messages: dict[str, Any]) -> dict[str, Any]:
    events = [{"timestamp": 1, "message": json.dumps(message)} for message in messages]
    return {"filter_log_events": {"events": events}}


def test_errors_in_the_logs_are_counted_by_what_they_say() -> None:
    line = {"level": "ERROR", "message": "The job failed", "error": "GenerationError", "job": "1"}
    found = found_by(request_checks.logs, logs=lines(line, line | {"job": "2"}))
    assert found[0].found == "The job failed: GenerationError (2 times)"


BOT = "MTIwMDAwMDAwMDAwMDAwMDAwMQ.GabcdE.abcdefghijklmnopqrstuvwxyz0123456789AB"


@pytest.mark.parametrize(
    "secret",
    [
        BOT,
        "aW50ZXJhY3Rpb246MTIzNDU2Nzg5MDEyMzQ1Njc4OmFiY2RlZg",
        "ASIAIOSFODNN7EXAMPLE",
        "hf_abcdefghijklmnopqrstuvwxyz01234567",
    ],
)
def test_what_looks_like_a_secret_is_removed(secret: str) -> None:
    assert secret not in redacted(f"before {secret} after")
    assert redacted(f"before {secret} after").endswith(" after")


def test_tokens_in_paths_and_fields_are_removed_and_the_rest_stays() -> None:
    path = redacted("PATCH /webhooks/123456/abc-def/messages/@original")
    assert path == "PATCH /webhooks/123456/[removed]/messages/@original"
    field = redacted('{"token": "abc", "job": "42"}')
    assert field == '{"token": [removed], "job": "42"}'
    assert redacted("known-secret here", "known-secret", None) == "[removed] here"


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer hidden-1 after",
        "authorization=Bot hidden-1 after",
        '{"token": "hidden-1", "job": "after"}',
        json.dumps({"line": '{"token": "hidden-1", "job": "after"}'}),
        json.dumps([json.dumps({"line": '{"password":"hidden-1","job":"after"}'})]),
        "{'secret': 'hidden-1', 'job': 'after'}",
        "AWS_SECRET_ACCESS_KEY=hidden-1 after",
        "https://bucket.s3.amazonaws.com/?X-Amz-Security-Token=hidden-1 after",
    ],
)
def test_the_value_of_a_secret_field_is_removed_however_it_is_written(text: str) -> None:
    assert "hidden" not in redacted(text)
    assert "after" in redacted(text)


def test_the_collected_file_explains_the_deployment_and_holds_no_secret(tmp_path: Path) -> None:
    (tmp_path / "deploy.log").write_text(f"Authorization: Bot {BOT}\nterraform apply: 1\n")
    streams = {"logStreams": [{"logStreamName": "worker/1"}]}
    worker_lines = {"events": [{"message": f'{{"token": "{BOT}", "message": "hello"}}'}]}
    aws = sick()
    answers = {
        **aws.answers,
        "logs": {"describe_log_streams": streams, "get_log_events": worker_lines},
    }
    findings = (bad("launches", "no GPU", "wait"),)
    path = collect(
        StubbedAws(answers=answers),
        deployment(),
        findings,
        tmp_path / "deploy.log",
        tmp_path / "collected",
        BOT,
    )
    with zipfile.ZipFile(path) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    assert "no GPU" in texts["findings.txt"]
    assert "terraform apply: 1" in texts["terraform.log"]
    assert "hello" in texts["logs/ecs/discord-diffusion-prod-worker.log"]
    assert "InsufficientInstanceCapacity" in texts["activities.json"]
    assert texts["stopped_tasks.json"].startswith("not collected: ")
    assert [name for name, text in texts.items() if BOT in text] == []


def test_every_row_of_the_reasons_has_a_remedy() -> None:
    assert all(row.meaning and row.to_do for row in (*LAUNCHES, *TASKS, *EVENTS))
