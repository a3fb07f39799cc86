"""Target tracking follows a metric, scales in by agreement, and honours cooldowns."""

import pytest

from ecs_fleet_emulator.fleet.service_scaling import (
    CONFIGURATIONS,
    STEPS,
    TRACKING,
    missing_configuration,
)
from ecs_fleet_emulator.simulation.cooldowns import (
    Cooldown,
    CooldownSeconds,
    Limits,
    allowed_capacity,
)
from ecs_fleet_emulator.simulation.target_tracking import (
    ScaleInVotes,
    low_threshold,
    proportional_capacity,
    unsupported_target,
)


@pytest.mark.parametrize(
    ("capacity", "value", "expected"),
    [(2, 75.0, 3), (4, 50.0, 4), (4, 30.0, 3), (3, 0.0, 0), (0, 120.0, 3), (10, 50.0001, 11)],
)
def test_the_capacity_is_in_proportion_to_the_metric(
    capacity: int, value: float, expected: int
) -> None:
    assert proportional_capacity(capacity, value, 50.0) == expected


@pytest.mark.parametrize("target", [0.0, -5.0])
def test_a_target_without_a_proportion_is_named(target: float) -> None:
    assert f"{target:g}" in unsupported_target(target)
    assert unsupported_target(0.5) == ""


@pytest.mark.parametrize(
    ("kind", "member"),
    [
        (STEPS, "StepScalingPolicyConfiguration"),
        (TRACKING, "TargetTrackingScalingPolicyConfiguration"),
    ],
)
def test_a_policy_needs_the_configuration_of_its_type_at_first(kind: str, member: str) -> None:
    other = STEPS if kind == TRACKING else TRACKING
    assert missing_configuration(kind, {CONFIGURATIONS[other]: {"A": 1}}, None) == member
    assert missing_configuration(kind, {}, other) == member
    assert missing_configuration(kind, {}, kind) == ""
    assert missing_configuration(kind, {member: {"A": 1}}, None) == ""


def test_rounding_of_numbers_adds_no_task() -> None:
    assert proportional_capacity(3, 0.7, 0.3 * 0.7 * 10) == 1
    assert low_threshold(75, 0.9) == 67.5


def test_the_cooldowns_of_the_two_ways_differ() -> None:
    cooldown, seconds = Cooldown(), CooldownSeconds(scale_out=60, scale_in=600)

    def after(wanted: int, capacity: int, now: float) -> int | None:
        return allowed_capacity(lambda _: wanted, capacity, Limits(0, 10), cooldown, seconds, now)

    assert after(3, 5, now=0) == 3
    assert after(2, 3, now=599) is None
    assert after(2, 3, now=600) == 2
    assert after(6, 2, now=601) == 6
    assert after(2, 6, now=602) == 2


def test_during_the_cooldown_of_a_scale_out_only_more_than_it_added_is_added() -> None:
    cooldown, seconds = Cooldown(), CooldownSeconds(60, 60)

    def after(ratio: float, capacity: int, now: float) -> int | None:
        return allowed_capacity(
            lambda base: proportional_capacity(base, ratio * 50, 50),
            capacity,
            Limits(0, 100),
            cooldown,
            seconds,
            now,
        )

    assert after(2, 4, now=0) == 8
    assert after(2, 8, now=30) is None
    assert after(3, 8, now=40) == 12
    assert after(2, 12, now=101) == 24


def test_policies_scale_in_only_if_all_agree_and_to_the_greatest_capacity() -> None:
    votes = ScaleInVotes()
    votes.cast("cpu", 2, until=100)
    assert votes.agreed(["cpu"], now=50) == 2
    assert votes.agreed(["cpu", "memory"], now=50) is None
    votes.cast("memory", 3, until=160)
    assert votes.agreed(["cpu", "memory"], now=50) == 3
    assert votes.agreed(["cpu", "memory"], now=101) is None
