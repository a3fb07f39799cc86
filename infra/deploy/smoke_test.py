"""The smoke test of a deployed worker: it is woken, becomes ready, draws a picture, and sleeps.

The deployment of a sleeping fleet is complete at once, so ECS's circuit breaker sees no task of it:
without this test the first user would be the one who finds that the worker does not start.

The job goes the way of every job, but its interaction token is made up. The worker draws the
picture and sends it to Discord, which refuses the token: that refusal, in the worker's log, proves
the whole way. The job's record in the table has no token, so that nobody is notified, and no cost.
"""

import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from discord_diffusion.aws import job_items
from discord_diffusion.aws.dynamodb import to_item
from discord_diffusion.jobs.job import DISCORD_EPOCH, Job
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.jobs.record import JobRecord
from infra.deploy import fleet_checks
from infra.deploy.aws import Aws, aws_action
from infra.deploy.collection import last_lines
from infra.deploy.diagnosis import causes
from infra.deploy.errors import AwsError, SmokeTestError
from infra.deploy.redaction import redacted
from infra.deploy.request_checks import lines_with, queue_depth
from infra.deploy.variables import Deployment

PATIENCE_SECONDS = 840.0
"""A little less than the 15 minutes after which a worker refuses the job."""
SLEEPS_WITHIN_SECONDS = 900.0
"""Time to release and end an instance, once no task is wanted."""
_HOLDS = 2
"""The alarm that stops spare tasks has `scale_in_hold_seconds` for its period: a job that ends
within a period is followed by a whole one."""
_POLL_SECONDS = 3.0
_JOINING = "The instance joins the cluster"
_JOINS_WITHIN_SECONDS = fleet_checks.JOINS_WITHIN.total_seconds() + 20
_TOKEN = "smoke-test"  # noqa: S105 - no token of anybody
_USER = "1"
_READY, _BEGUN, _FAILED = (
    "The worker is ready",
    "The drawing of the job begins",
    "The job failed",
)
_REFUSED_BY_DISCORD = ("InteractionGoneError", "NotAnsweredYetError")
_LAST_LINES = 10
_FORGOTTEN = ("failures", "pauses", "paused_until")


@dataclass(frozen=True)
class SmokeTest:
    """One smoke test. `pause` and `clock` are those of a test, else of the machine."""

    aws: Aws
    deployment: Deployment
    application_id: str
    parameters: GenerationParameters
    queue_url: str
    wake_arn: str
    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def run(
        self, report: Callable[[str], None], *, patience_seconds: float = PATIENCE_SECONDS
    ) -> None:
        """Wake a worker and wait until it has drawn the picture.

        Raises:
            SmokeTestError: it did not; the text says in which phase, and what is wrong.
        """
        self._forget_failed_starts()
        job = self._send_job()
        started = since = self.clock()
        last = ""
        while phase := self._phase(job):
            now = self.clock()
            if phase != last:
                last, since = phase, now
            too_late = phase == _JOINING and now - since > _JOINS_WITHIN_SECONDS
            if too_late or now - started > patience_seconds:
                raise self._error(f"{phase}: still not so after {now - since:.0f} s")
            report(f"{phase} ({now - since:.0f} s)")
            self.pause(_POLL_SECONDS)

    def wait_until_asleep(
        self, report: Callable[[str], None], *, patience_seconds: float | None = None
    ) -> str:
        """Wait until no instance runs; return what is so then.

        Raises:
            SmokeTestError: instances run on though nobody asks for anything.
        """
        if patience_seconds is None:
            patience_seconds = (
                SLEEPS_WITHIN_SECONDS + _HOLDS * self.deployment.scale_in_hold_seconds
            )
        started = self.clock()
        while members := fleet_checks.members_of(self.aws, self.deployment):
            if sum(queue_depth(self.aws, self.deployment.queue)):
                return "users' jobs keep the fleet awake"
            if self.clock() - started > patience_seconds:
                raise self._error(f"{', '.join(members)} run on, and cost money, without a job")
            report(f"{len(members)} instances run still ({self.clock() - started:.0f} s)")
            self.pause(_POLL_SECONDS)
        return "the fleet sleeps"

    def _forget_failed_starts(self) -> None:
        """Let the scaling loop start a worker, though starts failed before the cause was removed.

        After too many it starts one only when a pause is over. The time of the newest failure
        stays, so that none is counted again; the new version keeps a look that has read the table
        from writing back what it read.
        """
        names = {f"#{name}": name for name in ("guard", "starts", "version")}
        names |= {f"#{name}": name for name in _FORGOTTEN}
        forgotten = ", ".join(f"#guard.#starts.#{name}" for name in _FORGOTTEN)
        change = "SET #guard.#version = #guard.#version + :one REMOVE "
        client = self.aws.client("dynamodb")
        nothing_to_forget = client.exceptions.ConditionalCheckFailedException
        with aws_action("dynamodb:UpdateItem"), suppress(nothing_to_forget):
            client.update_item(
                TableName=self.deployment.table,
                Key={"id": {"S": "fleet"}},
                UpdateExpression=change + forgotten,
                ConditionExpression="attribute_exists(#guard.#starts)",
                ExpressionAttributeNames=names,
                ExpressionAttributeValues={":one": {"N": "1"}},
            )

    def _send_job(self) -> Job:
        """Put the job into table and queue, and wake the fleet, as `interactions` does.

        Without a record the scaling loop would count no job.
        """
        milliseconds = int((self.started_at - DISCORD_EPOCH).total_seconds() * 1000)
        job = Job(
            id=str(milliseconds << 22),
            application_id=self.application_id,
            token=_TOKEN,
            locale="en-US",
            user_id=_USER,
            parameters=self.parameters,
        )
        self._write_record(job)
        with aws_action("sqs:SendMessage"):
            self.aws.client("sqs").send_message(
                QueueUrl=self.queue_url,
                MessageBody=job.to_json(),
                MessageGroupId=job.user_id,
                MessageDeduplicationId=job.id,
            )
        with aws_action("states:StartExecution"):
            self.aws.client("stepfunctions").start_execution(stateMachineArn=self.wake_arn)
        return job

    def _write_record(self, job: Job) -> None:
        item = to_item(job_items.item(replace(JobRecord.of(job), token=None)))
        key = {"id": item.pop("id")}
        with aws_action("dynamodb:UpdateItem"):
            self.aws.client("dynamodb").update_item(
                TableName=self.deployment.table,
                Key=key,
                UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in item),
                ExpressionAttributeNames={f"#{name}": name for name in item},
                ExpressionAttributeValues={f":{name}": value for name, value in item.items()},
            )

    def _phase(self, job: Job) -> str:
        """What is waited for; empty once the picture was drawn.

        Raises:
            SmokeTestError: it will not be drawn any more.
        """
        lines = [_content(line) for line in self._log(job.id)]
        for line in lines:
            if line.get("message") == _FAILED:
                if line.get("error") in _REFUSED_BY_DISCORD:
                    return ""
                if line.get("outcome") != "retry":
                    raise self._error(f"The worker could not draw: {line.get('reason')}")
        if any(line.get("message") == _BEGUN for line in lines):
            return "The picture is drawn and sent"
        return self._phase_of_start()

    def _phase_of_start(self) -> str:
        service = fleet_checks.describe_service(self.aws, self.deployment) or {}
        for rollout in service.get("deployments", []):
            if rollout["status"] == "PRIMARY" and rollout.get("rolloutState") == "FAILED":
                raise self._error("ECS gave the deployment up: its tasks start and die")
        if not service.get("desiredCount"):
            return "A task is wanted"
        if not service["runningCount"]:
            if not fleet_checks.members_of(self.aws, self.deployment):
                return "An instance is launched"
            if not fleet_checks.registered(self.aws, self.deployment):
                return _JOINING
            return "The image is fetched and the task starts"
        if not self._log(_READY):
            return "The model is loaded"
        return "The worker takes the job"

    def _log(self, text: str) -> list[str]:
        """The lines of the workers with a text, since the smoke test has begun."""
        return lines_with(self.aws, self.deployment.worker_log, text, self.started_at)

    def _error(self, what: str) -> SmokeTestError:
        """The failure, with the diagnosis and the worker's last lines."""
        try:
            lines = last_lines(self.aws, self.deployment.worker_log, _LAST_LINES)
        except AwsError as error:
            lines = [f"(they could not be read: {error})"]
        shown = [redacted(line) for line in lines] or ["(nothing was logged)"]
        return SmokeTestError(
            "\n".join(
                (
                    f"The smoke test failed. {what}",
                    causes(self.aws, self.deployment) or "  Nothing else shows.",
                    "The worker's last lines:",
                    *(f"  {line}" for line in shown),
                    "The deployment itself is complete. Its queue drops the job after "
                    "message_retention_seconds, an hour; until then AWS may go on trying. "
                    "To look again: `make deploy-aws ARGS=diagnose`; to test again: "
                    "`make deploy-aws ARGS=--smoke-test`; to send it to somebody: "
                    "`make deploy-aws ARGS=collect`.",
                )
            )
        )


def smoke_test_parameters(defaults: Mapping[str, Any]) -> GenerationParameters:
    """One picture of the deployment's default size and steps."""
    return GenerationParameters(
        prompt="a lighthouse at dusk",
        seed=1,
        steps=defaults["steps"],
        guidance=defaults["guidance"],
        width=defaults["width"],
        height=defaults["height"],
        images=1,
    )


def _content(line: str) -> dict[str, Any]:
    try:
        content = json.loads(line)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
