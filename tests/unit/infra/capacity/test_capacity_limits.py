"""The limits of a deployment, and how long a fleet takes to grow."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.capacity.figures import boots, speed
from infra.capacity.limits import (
    FLEET,
    Deployment,
    binding,
    front_limits,
    growth,
    limits,
    tasks_for,
)

regions = st.sampled_from(["us-east-1", "eu-west-1", "eu-central-1", "us-west-1", "sa-east-1"])
deployments = st.builds(
    Deployment,
    region=regions,
    tasks=st.integers(0, 9000),
    seconds_per_job=st.floats(0.2, 60),
    jobs_at_once=st.integers(1, 8),
    high_throughput=st.booleans(),
    gpu_vcpus=st.none() | st.integers(0, 50_000),
)


def rate(deployment: Deployment) -> float:
    return binding(limits(deployment)).requests_per_second


def test_a_queue_in_normal_mode_accepts_300_requests_a_second() -> None:
    found = front_limits("us-west-1", False)
    assert binding(found).requests_per_second == 300
    assert binding(found).name == "SQS FIFO, each action"


@pytest.mark.parametrize(
    ("region", "accepted", "binds"),
    [
        ("us-east-1", 10_000, "API Gateway"),
        ("eu-central-1", 10_000, "API Gateway"),
        ("us-west-1", 2_400, "SQS FIFO, each action"),
    ],
)
def test_every_region_accepts_more_than_a_thousand_requests_a_second(
    region: str, accepted: float, binds: str
) -> None:
    lowest = binding(front_limits(region, True))
    assert (lowest.requests_per_second, lowest.name) == (accepted, binds)


@pytest.mark.parametrize("region", ["us-east-1", "us-east-2", "us-west-1"])
def test_one_deployment_finishes_a_thousand_requests_a_second(region: str) -> None:
    fast = speed("T4, four LCM steps")
    assert rate(Deployment(region, 5000, fast.seconds)) > 1000
    usual = speed("A10G, four pictures")
    assert rate(Deployment(region, 5000, usual.seconds)) < 1000
    assert rate(Deployment(region, tasks_for(1000, fast.seconds), fast.seconds)) >= 1000


@given(deployments)
def test_no_limit_is_exceeded_and_the_binding_one_is_named(deployment: Deployment) -> None:
    found = limits(deployment)
    assert binding(found) in found
    assert all(rate(deployment) <= limit.requests_per_second for limit in found)


@given(deployments, st.integers(0, 5000))
def test_more_tasks_never_finish_less(deployment: Deployment, more: int) -> None:
    grown = Deployment(
        deployment.region,
        deployment.tasks + more,
        deployment.seconds_per_job,
        deployment.jobs_at_once,
        deployment.high_throughput,
        deployment.gpu_vcpus,
    )
    assert rate(grown) >= rate(deployment)


@given(st.floats(0.01, 5000), st.floats(0.1, 60), st.integers(1, 8))
def test_tasks_for_a_rate_are_the_fewest_that_keep_up(
    requests: float, seconds: float, at_once: int
) -> None:
    tasks = tasks_for(requests, seconds, at_once)
    assert tasks * at_once / seconds >= requests * (1 - 1e-6)
    assert (tasks - 1) * at_once / seconds < requests


def test_a_quota_of_zero_gpus_finishes_nothing_and_says_why() -> None:
    lowest = binding(limits(Deployment("us-east-1", 10, 10, gpu_vcpus=0)))
    assert (lowest.name, lowest.requests_per_second) == ("GPU vCPU quota", 0)


def test_a_small_fleet_is_bound_by_itself() -> None:
    assert binding(limits(Deployment("us-east-1", 10, 10))).name == FLEET


@given(st.integers(1, 20_000), st.integers(0, 5000))
def test_a_larger_fleet_takes_no_less_time_to_grow(tasks: int, more: int) -> None:
    total = boots()["deployed"].total_seconds
    (small, _), (large, _) = growth(tasks), growth(tasks + more)
    assert total <= small <= large


def test_a_fleet_that_fits_one_wave_takes_one_boot() -> None:
    assert growth(10) == (boots()["deployed"].total_seconds, "boot")


def test_a_deployment_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot work"):
        Deployment("us-east-1", 10, 0)
