"""A deployment on the emulator: the packaged Lambdas, with their table, queues and fleet."""

import json
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
from botocore.config import Config
from running_emulator import ROLE, ROOT, Emulator, Function, Result, create_function
from small_fleet import SmallFleet, make_fleet

from infra.package.build import build
from tests.jobs_table import create_jobs_table
from tests.local_discord import LocalDiscord
from tests.messages import text_of
from tests.unit.functions.conftest import KEY, event_v1

MACHINES = ROOT / "infra" / "state_machines"
MAXIMUM_TASKS = 2
MAX_RECEIVES = 2
DEAD_LETTERS_VISIBLE_AFTER = 5
PACKAGE_PYTHON = "3.13"


@dataclass
class Deployment:
    """One table, one queue with its dead-letter queue, one fleet, and the Lambdas on them."""

    fleet: SmallFleet
    discord: LocalDiscord
    package: bytes
    queue_url: str = ""
    dead_letter_url: str = ""
    _mapping: str = ""

    def __post_init__(self) -> None:
        create_jobs_table(self.client("dynamodb"), self.table)
        self._make_queues()
        self.functions = {
            name: self._function(name)
            for name in ("interactions", "backlog", "waiting", "dead_letters")
        }

    @property
    def name(self) -> str:
        return self.fleet.name

    @property
    def table(self) -> str:
        return f"{self.name}-jobs"

    def client(self, service: str) -> Any:
        return self.fleet.client(service)

    def invoke(self, function: str, event: object = None) -> Any:
        """Invoke a function, which must not fail, and return its response."""
        result: Result = self.functions[function].invoke(event)
        assert result.error is None, result
        return result.payload

    def respond(self, payload: dict[str, Any]) -> dict[str, Any]:
        """The response to a signed interaction."""
        response = self.invoke("interactions", event_v1(json.dumps(payload).encode()))
        assert response["statusCode"] == 200, response
        found: dict[str, Any] = json.loads(response["body"])
        return found

    def original_response(self, application_id: str, token: str) -> dict[str, Any]:
        """The original response in Discord; empty until it is edited."""
        path = f"/webhooks/{application_id}/{token}/messages/@original"
        return self.discord.messages.get(path, {})

    def edits(self, token: str) -> list[str]:
        """The texts that the original response was given, in order."""
        return [
            text_of(request.payload)
            for request in self.discord.requests
            if request.method == "PATCH" and f"/{token}/" in request.path
        ]

    def create_state_machine(self, name: str, **replaced: str) -> str:
        """Create a state machine of `infra/state_machines`, and return its ARN."""
        values = {
            "partition": "aws",
            "backlog_function_arn": self.functions["backlog"].arn,
            "waiting_function_arn": self.functions["waiting"].arn,
            "cluster_name": self.name,
            "service_name": self.fleet.service_name,
            "auto_scaling_group_name": self.fleet.service_name,
            "wake_state_machine_arn": self.machine_arn("wake"),
            **replaced,
        }
        template = (MACHINES / f"{name}.asl.json").read_text()
        definition = re.sub(r"\$\{(\w+)\}", lambda found: values[found[1]], template)
        # Shorter than on AWS, so that the tests are fast.
        definition = re.sub(r'"Seconds": 15', '"Seconds": 1', definition)
        arn: str = self.client("stepfunctions").create_state_machine(
            name=f"{self.name}-{name}",
            definition=definition,
            roleArn=ROLE,
            type="EXPRESS",
        )["stateMachineArn"]
        return arn

    def machine_arn(self, name: str) -> str:
        """The ARN that a state machine has, or would have."""
        return f"arn:aws:states:us-east-1:000000000000:stateMachine:{self.name}-{name}"

    def run_state_machine(self, machine: str) -> dict[str, Any]:
        """Run an execution to its end; its status and output."""
        client = boto3.client(
            "stepfunctions",
            endpoint_url=self.fleet.emulator.config.endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            # On AWS this one call has a host of its own.
            config=Config(inject_host_prefix=False),
        )
        answer = client.start_sync_execution(stateMachineArn=machine)
        return {"status": answer["status"], "output": json.loads(answer.get("output") or "null")}

    def consume_dead_letters(self) -> None:
        """Connect the dead-letter queue to its Lambda, as Terraform does."""
        self._mapping = self.client("lambda").create_event_source_mapping(
            EventSourceArn=self.arn_of(self.dead_letter_url),
            FunctionName=self.functions["dead_letters"].name,
            BatchSize=10,
            FunctionResponseTypes=["ReportBatchItemFailures"],
        )["UUID"]

    def remove(self) -> None:
        """Remove the resources that would continue to run."""
        client = self.client("lambda")
        if self._mapping:
            client.delete_event_source_mapping(UUID=self._mapping)
        for function in self.functions.values():
            client.delete_function(FunctionName=function.name)
        ecs, group = self.client("ecs"), self.fleet.service_name
        ecs.delete_service(cluster=self.name, service=group, force=True)
        self.client("autoscaling").delete_auto_scaling_group(
            AutoScalingGroupName=group, ForceDelete=True
        )

    def _function(self, name: str) -> Function:
        # A message may not be visible again while its function still works on it.
        timeout = DEAD_LETTERS_VISIBLE_AFTER if name == "dead_letters" else 30
        variables = {
            "QUEUE_URL": self.queue_url,
            "JOBS_TABLE": self.table,
            "DISCORD_PUBLIC_KEY": KEY.verify_key.encode().hex(),
            "DISCORD_API_URL": self.discord.url,
            "ECS_CLUSTER": self.name,
            "ECS_SERVICE": self.fleet.service_name,
            "AUTO_SCALING_GROUP": self.fleet.service_name,
            "METRIC_NAMESPACE": self.name,
            "MAXIMUM_TASKS": str(MAXIMUM_TASKS),
            "WAKE_STATE_MACHINE_ARN": self.machine_arn("wake"),
            "CONFIRM_STATE_MACHINE_ARN": self.machine_arn("confirm"),
        }
        return create_function(
            self.fleet.emulator,
            {"ZipFile": self.package},
            Handler=f"discord_diffusion.functions.{name}.handler.handler",
            Environment={"Variables": variables},
            Timeout=timeout,
        )

    def _make_queues(self) -> None:
        sqs = self.client("sqs")
        fifo = {"FifoQueue": "true"}
        self.dead_letter_url = sqs.create_queue(
            QueueName=f"{self.name}-dead.fifo",
            Attributes={**fifo, "VisibilityTimeout": str(DEAD_LETTERS_VISIBLE_AFTER)},
        )["QueueUrl"]
        redrive = {
            "deadLetterTargetArn": self.arn_of(self.dead_letter_url),
            "maxReceiveCount": MAX_RECEIVES,
        }
        self.queue_url = sqs.create_queue(
            QueueName=f"{self.name}.fifo", Attributes={**fifo, "RedrivePolicy": json.dumps(redrive)}
        )["QueueUrl"]

    def arn_of(self, queue_url: str) -> str:
        answer = self.client("sqs").get_queue_attributes(
            QueueUrl=queue_url, AttributeNames=["QueueArn"]
        )
        arn: str = answer["Attributes"]["QueueArn"]
        return arn


def package(folder: Path) -> bytes:
    """The Lambda package as it is deployed."""
    path = folder / "lambda.zip"
    build(path, PACKAGE_PYTHON, "host")
    return path.read_bytes()


def deploy(emulator: Emulator, discord: LocalDiscord, code: bytes) -> Deployment:
    """A deployment with a unique name, whose fleet is at zero."""
    fleet = make_fleet(emulator, f"d{uuid4().hex[:6]}", maximum=MAXIMUM_TASKS)
    return Deployment(fleet, discord, code)


def snowflake(seconds_ago: float) -> str:
    """The id of an interaction that was created some seconds ago."""
    milliseconds = int((time.time() - seconds_ago) * 1000) - 1_420_070_400_000
    return str((milliseconds << 22) + uuid4().int % 2**22)
