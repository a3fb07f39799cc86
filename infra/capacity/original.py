"""The original's own reasoning about its throughput, step by step.

From the section "Scalability In Mind" of
https://github.com/ddrmaster1000/amazon-scalable-infra-discord-diffusion (ReadMe.md at 68ec2b8).
"""

from dataclasses import dataclass

from infra.capacity.figures import Figures

MONTH_SECONDS = 30 * 24 * 3600
PICTURES_PER_JOB = 4
SLOW = "T4, one picture after another"


@dataclass(frozen=True)
class Claim:
    """One published figure: requests a second, and how the original came by it."""

    requests_per_second: float
    reasoning: str
    today: str

    @property
    def requests_per_month(self) -> float:
        """Requests in a month of 30 days, as the original counts it."""
        return self.requests_per_second * MONTH_SECONDS

    @property
    def pictures_per_month(self) -> float:
        """Pictures in such a month."""
        return self.requests_per_month * PICTURES_PER_JOB


def claims(figures: Figures) -> tuple[Claim, ...]:
    """The published figures, computed from the original's own premises, and what holds today."""
    calls = figures["original_calls_per_second"]
    instances = figures["original_instances"]
    seconds = figures.speed(SLOW).seconds
    gpus = figures["original_gpus_per_instance"]
    slow_fleet = figures["ecs_tasks_per_service"] / seconds
    return (
        Claim(
            calls / 2,
            f"{calls:,.0f} SQS FIFO calls/s, shared by one Send and one Receive a message",
            f"the quota is for each API action: {figures['sqs_fifo_actions']:,.0f} requests/s; "
            f"with high throughput {figures['sqs_high_throughput_other']:,.0f} to "
            f"{figures['sqs_high_throughput_first']:,.0f}, by region",
        ),
        Claim(
            instances / seconds,
            f"{instances:,.0f} container instances in a cluster, {seconds:.0f} s a request "
            "(with high throughput)",
            f"still so at {seconds:.0f} s a job: {slow_fleet:,.0f} requests/s; the way up is a "
            "faster job",
        ),
        Claim(
            instances * gpus / seconds,
            f"the same with {gpus:.0f} containers on an instance ('untested')",
            f"a service stops at {figures['ecs_tasks_per_service']:,.0f} tasks: "
            f"{slow_fleet:,.0f} requests/s for one service",
        ),
    )
