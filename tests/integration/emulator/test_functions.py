"""The packaged Lambdas on the emulator, with the table, queues and fleet of a deployment."""

import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from deployment import MACHINES, Deployment, deploy, package, snowflake
from running_emulator import Emulator

from discord_diffusion.access.limits import Limits
from discord_diffusion.aws.dynamodb import Table
from discord_diffusion.aws.fleet_state import FleetStateStore
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.aws.ledger import Charge
from discord_diffusion.aws.queue import JobSender
from discord_diffusion.discord.components import queued_job_row
from discord_diffusion.discord.original_response import path
from discord_diffusion.functions.interactions.admission import FLEET_STATE_CACHE_SECONDS
from discord_diffusion.jobs.job import Job
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.jobs.record import JobStatus
from emulation.rig.waiting import wait_until
from tests.local_discord import LocalDiscord
from tests.messages import text_of
from tests.unit.functions.conftest import imagine

PARAMETERS = GenerationParameters(
    prompt="a `red` circle", seed=7, steps=4, guidance=7.5, width=64, height=64, images=2
)


CHARGE = Charge(units=250, limits=Limits(), audit_days=1)
"""Of a usual job: four pictures with the defaults cost 2.5 units."""


@pytest.fixture
def emulator(fleet_emulator: Emulator) -> Emulator:
    return fleet_emulator


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return package(tmp_path_factory.mktemp("package"))


@pytest.fixture
def deployment(
    emulator: Emulator, code: bytes, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Deployment]:
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.config.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with LocalDiscord(host=emulator.host_address) as discord:
        made = deploy(emulator, discord, code)
        yield made
        made.remove()


@pytest.fixture
def jobs(deployment: Deployment) -> JobStore:
    return JobStore(Table(deployment.table, region="us-east-1"))


@pytest.fixture
def queued(deployment: Deployment, jobs: JobStore) -> Callable[[float], Job]:
    """Makes a queued job that was requested a number of seconds ago."""

    def make(seconds_ago: float) -> Job:
        job = Job(
            id=snowflake(seconds_ago),
            application_id="1000",
            token=f"token-{uuid4().hex}",
            user_id=str(uuid4().int % 2**60),
            locale="en-US",
            parameters=PARAMETERS,
        )
        jobs.accept(job, charge=CHARGE)
        deployment.discord.messages[path(job.application_id, job.token)] = {
            "id": "1",
            "content": "",
            "attachments": [],
            "components": [queued_job_row(job.id, job.locale)],
        }
        JobSender(deployment.queue_url, region="us-east-1").send(job)
        return job

    return make


def messages(deployment: Deployment, url: str) -> int:
    """How many messages a queue holds, leased ones included."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = deployment.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)
    return sum(int(found["Attributes"][name]) for name in names)


def content(answer: dict[str, Any]) -> str:
    text: str = text_of(answer["data"])
    return text


def test_the_first_job_of_a_sleeping_fleet_wakes_it(deployment: Deployment, jobs: JobStore) -> None:
    deployment.create_state_machine("wake")
    payload = imagine(prompt="a star")
    answer = deployment.respond(payload)
    assert "asleep" in content(answer)
    assert "You are next" in content(answer)
    assert deployment.respond(payload) == answer
    assert messages(deployment, deployment.queue_url) == 1
    record = jobs.get(payload["id"])
    assert record
    assert record.status is JobStatus.QUEUED
    fleet = deployment.fleet
    wait_until(lambda: fleet.service()["desiredCount"] == 1, "the fleet is woken")
    deployment.invoke("backlog")
    time.sleep(FLEET_STATE_CACHE_SECONDS)  # so that the function reads the state of the fleet anew
    second = deployment.respond(imagine(prompt="a moon"))
    assert "A GPU is starting" in content(second) or fleet.running()
    assert "About 1 ahead of you" in content(second)


def test_a_job_whose_wake_up_failed_wakes_the_fleet_with_the_next_look_once(
    deployment: Deployment, queued: Callable[[float], Job]
) -> None:
    queued(10)
    deployment.create_state_machine("wake")
    scaling = deployment.create_state_machine("scaling")
    assert deployment.run_state_machine(scaling)["status"] == "SUCCEEDED"
    fleet = deployment.fleet
    wait_until(lambda: fleet.service()["desiredCount"] == 1, "the fleet is woken")
    assert deployment.invoke("backlog")["desired"] == 1


def test_a_fleet_with_tasks_is_not_woken_and_one_without_jobs_is_idle(
    deployment: Deployment,
) -> None:
    assert deployment.invoke("backlog") == {
        "idle": True,
        "notify": False,
        "wanted": 0,
        "desired": 0,
        "running": 0,
    }
    wake = deployment.create_state_machine("wake")
    scaling = deployment.create_state_machine("scaling")
    ended = deployment.run_state_machine(scaling)
    assert ended["status"] == "SUCCEEDED"
    assert ended["output"]["look"] == 1, "one snapshot, no wait"
    deployment.fleet.set_desired_count(2)
    assert deployment.run_state_machine(wake)["status"] == "SUCCEEDED"
    assert deployment.fleet.service()["desiredCount"] == 2


def test_a_snapshot_is_published_as_high_resolution_metrics_and_stored(
    deployment: Deployment, queued: Callable[[float], Job]
) -> None:
    deployment.fleet.change_fleet(
        "deny-capacity", group=deployment.fleet.service_name, reason="quota"
    )
    deployment.fleet.set_desired_count(1)
    for _ in range(8):
        queued(100)
    found = deployment.invoke("backlog")
    assert found == {"idle": False, "notify": True, "wanted": 2, "desired": 1, "running": 0}
    snapshot = FleetStateStore(Table(deployment.table, region="us-east-1")).get().snapshot
    assert snapshot
    assert (snapshot.visible, snapshot.in_flight, snapshot.desired, snapshot.wanted) == (8, 0, 1, 2)
    cloudwatch = deployment.client("cloudwatch")
    names = ("TaskShortfall", "TaskSurplus", "TasksWanted", "TasksRunning", "JobsWaiting")
    assert {name: point(cloudwatch, deployment.name, name) for name in names} == {
        "TaskShortfall": 1,
        "TaskSurplus": 0,
        "TasksWanted": 2,
        "TasksRunning": 0,
        "JobsWaiting": 8,
    }
    assert 100 <= point(cloudwatch, deployment.name, "OldestJobSeconds") < 200


def point(cloudwatch: Any, namespace: str, metric: str) -> float:
    """The last point of a metric."""

    def read() -> list[Any]:
        found: list[Any] = cloudwatch.get_metric_statistics(
            Namespace=namespace,
            MetricName=metric,
            StartTime=time.time() - 60,
            EndTime=time.time() + 60,
            Period=1,
            Statistics=["Maximum"],
        )["Datapoints"]
        return found

    value: float = wait_until(read, f"{metric} is published")[-1]["Maximum"]
    return value


def test_users_are_notified_that_aws_has_no_gpu_and_a_hopeless_job_is_refused_once(
    deployment: Deployment, jobs: JobStore, queued: Callable[[float], Job]
) -> None:
    fleet = deployment.fleet
    fleet.change_fleet("deny-capacity", group=fleet.service_name, reason="quota")
    patient, hopeless = queued(30), queued(14 * 60)
    fleet.set_desired_count(1)

    def launch_failed() -> bool:
        deployment.invoke("backlog")
        snapshot = FleetStateStore(Table(deployment.table, region="us-east-1")).get().snapshot
        return bool(snapshot and snapshot.launch_failed_at)

    wait_until(launch_failed, "Auto Scaling says that it has no instance")
    counts = deployment.invoke("waiting")
    assert counts == {"left": 0, "told": 1, "refused": 1, "ended": 0}
    assert deployment.invoke("waiting") == {"left": 0, "told": 0, "refused": 0, "ended": 0}
    (wait,) = deployment.edits(patient.token)
    assert "AWS has no free GPU right now" in wait
    assert r"a \`red\` circle" in wait
    (apology,) = deployment.edits(hopeless.token)
    assert apology.startswith("❌ AWS had no free GPU")
    assert "Nothing was charged" in apology
    assert jobs.begin(hopeless.id) is JobStatus.REFUSED
    assert jobs.begin(patient.id) is JobStatus.QUEUED
    refused = deployment.respond({**imagine(prompt="x"), "id": snowflake(11 * 60)})
    assert refused["data"]["flags"] & 64
    assert "no free GPU" in content(refused)
    assert messages(deployment, deployment.queue_url) == 2
    fleet.change_fleet("allow-capacity", group=fleet.service_name)


def test_a_user_whose_notification_failed_is_notified_by_the_next_run(
    deployment: Deployment, jobs: JobStore, queued: Callable[[float], Job]
) -> None:
    hopeless = queued(14 * 60 + 30)
    deployment.discord.failures = [(503, {})]
    assert deployment.invoke("waiting")["refused"] == 1
    assert deployment.original_response("1000", hopeless.token)["content"] == ""
    assert deployment.invoke("backlog")["notify"] is True
    assert deployment.invoke("waiting") == {"left": 0, "told": 0, "refused": 0, "ended": 1}
    assert text_of(deployment.original_response("1000", hopeless.token)).startswith("❌")
    record = jobs.get(hopeless.id)
    assert record
    assert record.token is None


def test_a_job_that_a_worker_draws_is_not_changed_and_an_abandoned_one_fails(
    deployment: Deployment, jobs: JobStore, queued: Callable[[float], Job]
) -> None:
    begun, abandoned = queued(14 * 60), queued(20 * 60)
    jobs.begin(begun.id)
    jobs.begin(abandoned.id)
    assert deployment.invoke("waiting") == {"left": 0, "told": 0, "refused": 0, "ended": 1}
    assert jobs.begin(begun.id) is JobStatus.DRAWING
    assert jobs.begin(abandoned.id) is JobStatus.FAILED
    assert deployment.discord.requests == []


def test_the_user_of_a_dead_letter_is_notified_once_and_the_letter_counted_and_deleted(
    deployment: Deployment, jobs: JobStore, queued: Callable[[float], Job]
) -> None:
    sqs = deployment.client("sqs")
    job, unreadable = queued(60), {"nonsense": True}
    sqs.send_message(
        QueueUrl=deployment.queue_url,
        MessageBody=str(unreadable),
        MessageGroupId="other",
        MessageDeduplicationId="other",
    )
    deployment.discord.failures = [(503, {})]
    deployment.consume_dead_letters()

    def exhausted() -> bool:
        sqs.receive_message(
            QueueUrl=deployment.queue_url, VisibilityTimeout=0, MaxNumberOfMessages=10
        )
        return messages(deployment, deployment.queue_url) == 0

    wait_until(exhausted, "all messages are in the dead-letter queue")
    wait_until(
        lambda: text_of(deployment.original_response("1000", job.token)),
        "the user is notified",
    )
    wait_until(
        lambda: messages(deployment, deployment.dead_letter_url) == 0,
        "the dead-letter queue is empty",
    )
    (apology,) = deployment.edits(job.token)
    assert apology.startswith("❌ This could not be drawn")
    assert job.id in apology
    assert jobs.begin(job.id) is JobStatus.FAILED
    assert point(deployment.client("cloudwatch"), deployment.name, "DeadLetters") >= 1


def test_a_dead_letter_whose_pictures_were_delivered_ends_as_answered(
    deployment: Deployment, jobs: JobStore, queued: Callable[[float], Job]
) -> None:
    job = queued(60)
    deployment.discord.messages[path("1000", job.token)] = {
        "id": "1",
        "content": "2 pictures",
        "attachments": [{"filename": f"{job.id}-0.png"}],
    }
    letter = {"messageId": "m", "body": job.to_json()}
    assert deployment.invoke("dead_letters", {"Records": [letter]}) == {"batchItemFailures": []}
    assert deployment.edits(job.token) == []
    assert jobs.begin(job.id) is JobStatus.ANSWERED


def test_a_snapshot_that_fails_does_not_end_the_minute_of_the_scaling_loop(
    deployment: Deployment,
) -> None:
    missing = deployment.functions["backlog"].arn + "-missing"
    machine = deployment.create_state_machine("scaling", backlog_function_arn=missing)
    ended = deployment.run_state_machine(machine)
    assert ended["status"] == "SUCCEEDED", ended
    assert ended["output"]["look"] == 4


@pytest.mark.parametrize("name", ["scaling", "wake", "confirm"])
def test_a_state_machine_is_valid_to_step_functions(deployment: Deployment, name: str) -> None:
    found = deployment.client("stepfunctions").validate_state_machine_definition(
        definition=(MACHINES / f"{name}.asl.json").read_text().replace("${partition}", "aws"),
        type="EXPRESS",
    )
    assert (found["result"], found["diagnostics"]) == ("OK", [])
