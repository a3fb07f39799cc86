"""The bill of the original's architecture, as its published Terraform has it.

https://github.com/aws-samples/amazon-scalable-infra-discord-diffusion at b13ea0f
"""

from infra.capacity.costs.lines import Counts, Line
from infra.capacity.costs.use import (
    EXPRESS_GIGABYTES,
    MINUTES,
    MONTH_HOURS,
    Use,
)
from infra.capacity.prices import Instance, Prices


def standing(prices: Prices, counts: Counts) -> tuple[Line, ...]:
    """What a month costs in which nobody asks for anything."""
    looks = MINUTES * counts["original_looks_per_minute"]
    machine = MINUTES * counts["original_express_seconds"] * EXPRESS_GIGABYTES
    memory = counts["original_lambda_gigabytes"]
    return (
        Line("scaling state machine, executions", MINUTES, prices["express_request"]),
        Line("scaling state machine, GB-seconds", machine, prices["express_gigabyte_second"]),
        Line("its Lambda, invocations", looks, prices["lambda_request"]),
        Line(
            "its Lambda, GB-seconds",
            looks * counts["look_seconds"] * memory,
            prices["lambda_gigabyte_second"],
        ),
        Line("looks at the queue", looks, prices["sqs_request"]),
        Line("PutMetricData", looks * counts["original_metrics"], prices["metric_request"]),
        Line("custom metrics", counts["original_metrics"], prices["metric"]),
        Line(
            "high-resolution alarms",
            counts["original_alarms_high_resolution"],
            prices["alarm_high_resolution"],
        ),
        Line("logs, GB", looks * counts["look_log_gigabytes"], prices["log_gigabyte"]),
        Line("image in ECR, GB", counts["original_image_gigabytes"], prices["image_gigabyte"]),
    )


def working(use: Use, instance: Instance, prices: Prices, counts: Counts) -> tuple[Line, ...]:
    """What a month's jobs cost on top: instances on demand, one picture after another."""
    volume = use.instance_hours * counts["original_volume_gigabytes"] / MONTH_HOURS
    polls = use.idle_seconds / counts["poll_seconds"]
    return (
        Line("GPU instances on demand, hours", use.instance_hours, instance.dollars),
        Line("their volumes, GB-months", volume, prices["volume_gigabyte"]),
        Line("their public addresses, hours", use.instance_hours, prices["address"]),
        Line("API Gateway (HTTP)", use.asked, prices["api_gateway_http"]),
        Line("Lambda that answers, invocations", use.asked, prices["lambda_request"]),
        Line(
            "SQS, jobs and polls",
            use.asked * counts["original_requests_per_job"] + polls,
            prices["sqs_request"],
        ),
        Line(
            "pictures to Discord, GB",
            use.answered * counts["answer_gigabytes"],
            prices["egress_gigabyte"],
        ),
    )
