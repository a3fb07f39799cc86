"""The limits of a deployment as requests a second, and how long a fleet takes to grow."""

import math
from dataclasses import dataclass

from infra.capacity.figures import Stage, boots, figures

# Regions with a figure of their own for FIFO queues in high throughput mode.
FIRST_REGIONS = ("us-east-1", "us-west-2", "eu-west-1")
SECOND_REGIONS = ("us-east-2", "eu-central-1")

# The name of the only limit that is no quota: the number of tasks that the operator chose.
FLEET = "the fleet"


@dataclass(frozen=True)
class Deployment:
    """One deployment: one queue, one ECS service.

    `gpu_vcpus` is the account's quota of G and VT vCPUs; None: enough for the fleet.
    """

    region: str
    tasks: int
    seconds_per_job: float
    jobs_at_once: int = 1
    high_throughput: bool = True
    gpu_vcpus: int | None = None
    vcpus_per_task: int = 4

    def __post_init__(self) -> None:
        if self.tasks < 0 or self.seconds_per_job <= 0 or self.jobs_at_once < 1:
            raise ValueError(f"{self} cannot work: tasks >= 0, a job takes time, jobs at once >= 1")


@dataclass(frozen=True)
class Limit:
    """One limit, as the requests a second that it allows."""

    name: str
    requests_per_second: float


def fifo_figure(region: str, high_throughput: bool) -> str:
    """The key of the quota of a FIFO queue's API actions in `region`."""
    if not high_throughput:
        return "sqs_fifo_actions"
    if region in FIRST_REGIONS:
        return "sqs_high_throughput_first"
    if region in SECOND_REGIONS:
        return "sqs_high_throughput_second"
    return "sqs_high_throughput_other"


def front_limits(region: str, high_throughput: bool) -> tuple[Limit, ...]:
    """The limits of accepting requests, which do not depend on the fleet."""
    known = figures()
    concurrency = known["lambda_concurrency"]
    by_requests = concurrency * known["lambda_requests_per_concurrency"]
    by_duration = concurrency / known["handler_seconds"]
    return (
        Limit("SQS FIFO, each action", known[fifo_figure(region, high_throughput)]),
        Limit("API Gateway", known["api_gateway_requests"]),
        Limit("Lambda concurrency", min(by_requests, by_duration)),
    )


def limits(deployment: Deployment) -> tuple[Limit, ...]:
    """Every limit of a deployment. Jobs are sent, received and deleted once each."""
    known = figures()
    rate = deployment.jobs_at_once / deployment.seconds_per_job
    found = [
        *front_limits(deployment.region, deployment.high_throughput),
        Limit("SQS messages in flight", known["sqs_in_flight"] / deployment.seconds_per_job),
        Limit("ECS tasks in a service", known["ecs_tasks_per_service"] * rate),
        # Each instance has one GPU and so one task.
        Limit("ECS instances in a cluster", known["ecs_instances_per_cluster"] * rate),
    ]
    if deployment.gpu_vcpus is not None:
        tasks = deployment.gpu_vcpus // deployment.vcpus_per_task
        found.append(Limit("GPU vCPU quota", tasks * rate))
    found.append(Limit(FLEET, deployment.tasks * rate))
    return tuple(found)


def binding(found: tuple[Limit, ...]) -> Limit:
    """The lowest limit; of equal ones the first."""
    return min(found, key=lambda limit: limit.requests_per_second)


def tasks_for(requests_per_second: float, seconds_per_job: float, jobs_at_once: int = 1) -> int:
    """The fewest tasks that keep up with an arrival rate."""
    return math.ceil(requests_per_second * seconds_per_job / jobs_at_once - 1e-9)


def growth(tasks: int) -> tuple[float, str]:
    """The seconds that a deployed fleet takes from zero to `tasks` running ones, and what binds.

    Two quotas of ECS bind: the tasks that it launches in a minute, and the tasks that wait for
    instances at the same time. Such a wave of tasks ends when its instances have registered.
    """
    known, boot = figures(), boots()["deployed"]
    wave_seconds = boot.seconds(Stage.CONTROL) + boot.seconds(Stage.INSTANCE)
    waves = max(0, math.ceil(tasks / known["ecs_provisioning"]) - 1)
    by_waves = waves * wave_seconds
    by_launches = tasks / known["ecs_launches_per_minute"] * 60
    if by_waves >= by_launches and waves:
        return boot.total_seconds + by_waves, "tasks in PROVISIONING"
    if by_launches > 60:
        return boot.total_seconds + by_launches, "task launches a minute"
    return boot.total_seconds, "boot"
