"""The smoke test of a worker: its phases, its proof, and what it says when it fails."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from discord_diffusion.aws.dynamodb import Table
from discord_diffusion.aws.fleet_state import FleetStateStore
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.fleet.instance_hours import InstanceHours
from discord_diffusion.fleet.starts import StartHistory
from discord_diffusion.fleet.state import FleetSnapshot
from discord_diffusion.jobs.job import Job
from discord_diffusion.jobs.record import JobStatus
from infra.deploy.errors import SmokeTestError
from infra.deploy.smoke_test import SmokeTest, smoke_test_parameters
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
from tests.jobs_table import create_jobs_table
from tests.stubbed_aws import Refused, StubbedAws

DEFAULTS = {"steps": 25, "guidance": 7.5, "width": 512, "height": 512, "images": 4}
QUEUE = "https://sqs.us-east-2.amazonaws.com/123456789012/discord-diffusion-prod-jobs.fifo"
WAKE = "arn:aws:states:us-east-2:123456789012:stateMachine:discord-diffusion-prod-wake"


@dataclass
class Fleet:
    """A deployment that a test moves from one state to the next."""

    ecs: dict[str, Any] = field(default_factory=lambda: service() | cluster())
    autoscaling: dict[str, Any] = field(default_factory=group)
    log: list[dict[str, Any]] = field(default_factory=list)
    waiting: int = 0
    sent: list[Mapping[str, Any]] = field(default_factory=list)
    now: float = 0.0
    hold_seconds: int = 120
    table: Any = field(default_factory=dict)
    """DynamoDB's answer to a change of the jobs table."""

    def aws(self) -> StubbedAws:
        def read(service_name: str, operation: str) -> Any:
            return lambda _request: getattr(self, service_name)[operation]

        ecs = ("describe_services", "list_container_instances", "describe_container_instances")
        tasks = {"list_tasks": {"taskArns": []}} | {name: read("ecs", name) for name in ecs}
        groups = failed_launches() | {
            "describe_auto_scaling_groups": read("autoscaling", "describe_auto_scaling_groups")
        }
        depth = {"ApproximateNumberOfMessages": str(self.waiting)}
        sqs = {
            "send_message": self._send,
            "get_queue_url": {"QueueUrl": QUEUE},
            "get_queue_attributes": {
                "Attributes": depth | {"ApproximateNumberOfMessagesNotVisible": "0"}
            },
        }
        logs = {
            "filter_log_events": self._filter,
            "describe_log_streams": {"logStreams": [{"logStreamName": "w"}]},
            "get_log_events": {"events": [{"message": "the last line of the worker"}]},
        }
        start = {"executionArn": "arn:aws:states:x:1:y:z", "startDate": 1}
        answers = {
            "ecs": tasks,
            "autoscaling": groups,
            "sqs": sqs,
            "logs": logs,
            "stepfunctions": {"start_execution": start},
            "ec2": launched(minutes=11),
            "cloudwatch": {"describe_alarms": {"MetricAlarms": []}},
            "dynamodb": {"update_item": self.table},
        }
        return StubbedAws(answers=answers)

    def test(self, aws: StubbedAws | None = None) -> SmokeTest:
        return SmokeTest(
            aws or self.aws(),
            deployment(scale_in_hold_seconds=self.hold_seconds),
            "123456789012345678",
            smoke_test_parameters(DEFAULTS),
            QUEUE,
            WAKE,
            pause=self._pause,
            clock=lambda: self.now,
        )

    def next(self) -> None:
        """Move on by one poll; a test replaces it."""

    @property
    def job(self) -> Job:
        return Job.from_json(self.sent[0]["MessageBody"])

    def _pause(self, seconds: float) -> None:
        self.now += seconds
        self.next()

    def _send(self, request: Mapping[str, Any]) -> Any:
        self.sent.append(request)
        return {"MessageId": "1"}

    def _filter(self, request: Mapping[str, Any]) -> Any:
        text = request["filterPattern"].strip('"')
        lines = [json.dumps(line) for line in self.log]
        return {"events": [{"message": line} for line in lines if text in line]}


class Waking(Fleet):
    """A fleet that takes a step with each poll, up to the answer of the worker."""

    def next(self) -> None:
        steps = [
            lambda: self.ecs.update(service(desiredCount=1)),
            lambda: self.autoscaling.update(group(INSTANCE)),
            lambda: self.ecs.update(cluster(i_0123456789abcdef0=True)),
            lambda: self.ecs.update(service(desiredCount=1, runningCount=1)),
            lambda: self.log.append({"message": "The worker is ready"}),
            lambda: self.log.append(
                {"message": "The drawing of the job begins", "job": self.job.id}
            ),
            lambda: self.log.append(self.refusal()),
        ]
        number = round(self.now / 3) - 1
        if number < len(steps):
            steps[number]()

    def refusal(self) -> dict[str, Any]:
        error = {"error": "InteractionGoneError", "outcome": "gone", "reason": "50027"}
        return {"message": "The job failed", "job": self.job.id, **error}


def test_every_phase_is_shown_until_discord_has_refused_the_picture() -> None:
    fleet, shown = Waking(), list[str]()
    aws = fleet.aws()
    fleet.test(aws).run(lambda text: shown.append(text.split(" (")[0]))
    assert shown == [
        "A task is wanted",
        "An instance is launched",
        "The instance joins the cluster",
        "The image is fetched and the task starts",
        "The model is loaded",
        "The worker takes the job",
        "The picture is drawn and sent",
    ]
    assert aws.operations("stepfunctions") == ["start_execution"]
    [sent] = fleet.sent
    assert (fleet.job.parameters.images, fleet.job.parameters.steps) == (1, 25)
    assert sent["MessageDeduplicationId"] == fleet.job.id


def test_the_job_has_a_record_so_that_it_counts_and_no_token_so_that_nobody_is_notified() -> None:
    with mock_aws():
        client = boto3.client("dynamodb", "us-east-2")
        create_jobs_table(client, deployment().table)
        fleet = Waking()
        aws = fleet.aws()
        fleet.test(aws).run(lambda _text: None)
        _, request = [request for _, operation, request in aws.calls if operation == "update_item"]
        client.update_item(**request)
        jobs = JobStore(Table(deployment().table, client=client))
        [record] = jobs.waiting(10)
    assert (record.id, record.status) == (fleet.job.id, JobStatus.QUEUED)
    assert (record.token, record.units) == (None, 0)


def test_failed_starts_of_before_do_not_keep_the_worker_from_being_started() -> None:
    fleet = Waking()
    aws = fleet.aws()
    fleet.test(aws).run(lambda _text: None)
    services = [service_name for service_name, _, _ in aws.calls]
    assert services.index("dynamodb") < services.index("stepfunctions")
    change, _ = [request for _, operation, request in aws.calls if operation == "update_item"]
    assert change["TableName"] == "discord-diffusion-prod-jobs"
    assert "REMOVE #guard.#starts.#failures" in change["UpdateExpression"]


def test_the_table_forgets_failed_starts_and_nothing_else() -> None:
    with mock_aws():
        client = boto3.client("dynamodb", "us-east-2")
        create_jobs_table(client, deployment().table)
        store = FleetStateStore(Table(deployment().table, client=client))

        def change(request: Mapping[str, Any]) -> Any:
            try:
                client.update_item(**request)
            except client.exceptions.ConditionalCheckFailedException:
                return Refused("ConditionalCheckFailedException")
            return {}

        moment = now()
        Waking(table=change).test().run(lambda _text: None)
        _, guard = store.save_snapshot(FleetSnapshot(0, 0, 0, 0, 0, moment))
        hours = InstanceHours(moment, 60.0, 60.0)
        starts = StartHistory(6, 1, moment + timedelta(minutes=10), moment)
        assert store.save_guard(replace(guard, hours=hours, starts=starts), None)
        _, on_its_way = store.save_snapshot(FleetSnapshot(0, 0, 0, 0, 0, moment))
        Waking(table=change).test().run(lambda _text: None)
        _, guard = store.save_snapshot(FleetSnapshot(0, 0, 0, 0, 0, moment))
        assert not store.save_guard(on_its_way, None), "it would write back what it read"
    assert guard.starts == StartHistory(failed_at=moment), "no failure is counted again"
    assert guard.hours == hours


def test_a_worker_that_cannot_draw_fails_the_test_with_its_reason() -> None:
    class Broken(Waking):
        def refusal(self) -> dict[str, Any]:
            error = {"error": "UnsupportedJobError", "outcome": "failed", "reason": "no model"}
            return {"message": "The job failed", "job": self.job.id, **error}

    with pytest.raises(SmokeTestError, match="could not draw: no model"):
        Broken().test().run(lambda _text: None)


def test_a_job_that_is_tried_again_is_waited_for() -> None:
    class Retried(Waking):
        def refusal(self) -> dict[str, Any]:
            retry = {"error": "GenerationError", "outcome": "retry", "reason": "once"}
            self.log.append({"message": "The job failed", "job": self.job.id, **retry})
            return super().refusal()

    Retried().test().run(lambda _text: None)


def test_an_instance_that_never_joins_is_the_phase_and_the_cause_of_the_failure() -> None:
    fleet = Fleet(
        ecs=service(desiredCount=1) | cluster(), autoscaling=group(INSTANCE) | failed_launches()
    )
    with pytest.raises(SmokeTestError) as failed:
        fleet.test().run(lambda _text: None)
    text = str(failed.value)
    assert "The instance joins the cluster: still not so after" in text
    assert "ecs.service: inactive" in text, "the console's lines"
    assert "the last line of the worker" in text
    assert "make deploy-aws ARGS=collect" in text
    assert fleet.now < 10 * 60, "before the scaling loop ends the instance, and its console"


def test_a_deployment_that_ecs_gave_up_is_not_waited_for() -> None:
    given_up = [{"status": "PRIMARY", "rolloutState": "FAILED", "rolloutStateReason": "died"}]
    fleet = Fleet(ecs=service(desiredCount=1, deployments=given_up) | cluster())
    with pytest.raises(SmokeTestError, match="its tasks start and die"):
        fleet.test().run(lambda _text: None)
    assert fleet.now == 0


def test_the_fleet_is_watched_until_it_sleeps_again() -> None:
    class Ending(Fleet):
        def next(self) -> None:
            if self.now > 30:
                self.autoscaling = group()

    ending = Ending(autoscaling=group(INSTANCE))
    assert ending.test().wait_until_asleep(lambda _text: None) == "the fleet sleeps"
    busy = Fleet(autoscaling=group(INSTANCE), waiting=2)
    assert "users' jobs" in busy.test().wait_until_asleep(lambda _text: None)


def test_workers_that_are_kept_after_a_job_are_waited_for_as_long() -> None:
    class Kept(Fleet):
        def next(self) -> None:
            if self.now > 2 * self.hold_seconds:
                self.autoscaling = group()

    kept = Kept(autoscaling=group(INSTANCE), hold_seconds=600)
    assert kept.test().wait_until_asleep(lambda _text: None) == "the fleet sleeps"


def test_instances_that_run_on_without_a_job_are_an_error() -> None:
    fleet = Fleet(ecs=service() | cluster(i_0123456789abcdef0=True), autoscaling=group(INSTANCE))
    with pytest.raises(SmokeTestError, match=f"{INSTANCE} run on, and cost money"):
        fleet.test().wait_until_asleep(lambda _text: None, patience_seconds=30)


def test_a_log_that_cannot_be_read_does_not_hide_the_failure() -> None:
    fleet = Fleet(ecs=service(desiredCount=1) | cluster())
    answers = fleet.aws().answers
    logs = {**answers["logs"], "describe_log_streams": Refused("AccessDeniedException")}
    test = fleet.test(StubbedAws(answers={**answers, "logs": logs}))
    with pytest.raises(SmokeTestError, match=r"could not be read: logs:GetLogEvents"):
        test.run(lambda _text: None, patience_seconds=10)


def test_the_causes_name_why_tasks_stopped() -> None:
    fleet = Fleet(ecs=service(desiredCount=1) | cluster())
    aws = fleet.aws()
    answers = {**aws.answers, "ecs": {**aws.answers["ecs"], **stopped("CannotPull: denied")}}
    with pytest.raises(SmokeTestError, match="may not fetch the worker's image"):
        fleet.test(StubbedAws(answers=answers)).run(lambda _text: None, patience_seconds=10)
