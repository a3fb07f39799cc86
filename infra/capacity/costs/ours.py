"""The bill of this project's architecture."""

from infra.capacity.costs.lines import Counts, Line
from infra.capacity.costs.use import (
    AWAKE_LOOKS,
    EXPRESS_GIGABYTES,
    MINUTES,
    MONTH_HOURS,
    Use,
)
from infra.capacity.figures import Figures
from infra.capacity.original import MONTH_SECONDS
from infra.capacity.prices import Instance, Prices

FREE_IOPS, FREE_THROUGHPUT = 3000, 125
"""What a gp3 volume's price includes: operations and MB a second."""


def standing(prices: Prices, counts: Counts) -> tuple[Line, ...]:
    """What a month costs in which nobody asks for anything: one look a minute, and what is kept."""
    polls = MONTH_SECONDS / counts["poll_seconds"] * counts["ours_dead_letter_pollers"]
    return (
        *_looks(MINUTES, MINUTES * counts["look_seconds"], prices, counts),
        Line(
            "high-resolution alarms",
            counts["ours_alarms_high_resolution"],
            prices["alarm_high_resolution"],
        ),
        Line(
            "other alarms, two of them ECS's own",
            counts["ours_alarms"] + counts["ours_alarms_of_ecs"],
            prices["alarm"],
        ),
        Line("dashboards beyond three", max(0, counts["ours_dashboards"] - 3), prices["dashboard"]),
        Line("polls of the dead-letter queue", polls, prices["sqs_request"]),
        Line("image in ECR, GB", counts["ours_image_gigabytes"], prices["image_gigabyte"]),
    )


def _looks(
    looks: float, machine_seconds: float, prices: Prices, counts: Counts
) -> tuple[Line, ...]:
    """What looking at the queue costs: state machine, Lambda, the fleet's item, log."""
    lambda_seconds = looks * counts["look_seconds"]
    return (
        Line("scaling state machine, executions", MINUTES, prices["express_request"]),
        Line(
            "scaling state machine, GB-seconds",
            machine_seconds * EXPRESS_GIGABYTES,
            prices["express_gigabyte_second"],
        ),
        Line("Lambda `backlog`, invocations", looks, prices["lambda_request"]),
        Line(
            "Lambda `backlog`, GB-seconds",
            lambda_seconds * counts["ours_backlog_gigabytes"],
            prices["lambda_gigabyte_second"],
        ),
        Line("looks at the queue", looks, prices["sqs_request"]),
        Line("the fleet's item in the table, writes", looks, prices["table_write"]),
        Line("logs, GB", looks * counts["look_log_gigabytes"], prices["log_gigabyte"]),
    )


def working(
    use: Use,
    instance: Instance,
    spot_share: float,
    prices: Prices,
    counts: Counts,
    figures: Figures,
) -> tuple[Line, ...]:
    """What a month's jobs cost on top of `standing`."""
    return (
        *_instances(use.instance_hours, instance, spot_share, prices, counts),
        *_closer_looks(use, prices, counts),
        Line("API Gateway (REST)", use.asked, prices["api_gateway_rest"]),
        Line("Lambda `interactions`, invocations", use.asked, prices["lambda_request"]),
        Line(
            "Lambda `interactions`, GB-seconds",
            use.asked * figures["handler_seconds"] * counts["ours_interactions_gigabytes"],
            prices["lambda_gigabyte_second"],
        ),
        Line(
            "SQS, jobs and polls",
            use.asked * counts["ours_requests_per_job"] + use.idle_seconds / counts["poll_seconds"],
            prices["sqs_request"],
        ),
        Line(
            "jobs table, writes", use.asked * counts["ours_writes_per_job"], prices["table_write"]
        ),
        Line("jobs table, reads", use.asked * counts["ours_reads_per_job"], prices["table_read"]),
        Line(
            "pictures to Discord, GB",
            use.answered * counts["answer_gigabytes"],
            prices["egress_gigabyte"],
        ),
    )


def _closer_looks(use: Use, prices: Prices, counts: Counts) -> tuple[Line, ...]:
    """What an awake fleet tells of itself, and its looks beyond the one a minute of a sleeping one.

    A metric is billed for the hours in which it has a point.
    """
    more = max(0.0, use.looks - MINUTES)
    lines = _looks(more, max(0.0, use.waiting_seconds - MINUTES), prices, counts)
    dollars = sum(line.dollars for line in lines[1:])
    metrics = counts["ours_metrics"] + counts["ours_worker_metrics"]
    return (
        Line("closer looks while awake", more, dollars / more if more else 0.0),
        Line("PutMetricData", use.awake_hours * 60 * AWAKE_LOOKS, prices["metric_request"]),
        Line("custom metrics, months", metrics * use.awake_hours / MONTH_HOURS, prices["metric"]),
    )


def _instances(
    hours: float, instance: Instance, spot_share: float, prices: Prices, counts: Counts
) -> tuple[Line, ...]:
    months = hours / MONTH_HOURS
    faster = (
        max(0.0, counts["ours_volume_iops"] - FREE_IOPS) * prices["volume_iops"]
        + max(0.0, counts["ours_volume_throughput"] - FREE_THROUGHPUT) * prices["volume_throughput"]
    )
    volume = counts["ours_volume_gigabytes"] * prices["volume_gigabyte"] + faster
    return (
        Line("GPU instances, hours", hours, instance.hour(spot_share)),
        Line("their volumes, months", months, volume),
        Line("their public addresses, hours", hours, prices["address"]),
    )
