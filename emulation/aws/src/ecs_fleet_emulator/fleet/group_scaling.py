"""EC2 Auto Scaling of groups: what their scaling policies and scheduled actions do.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/scale-your-group.html
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ecs_fleet_emulator.clock.moved_clock import CLOCK
from ecs_fleet_emulator.simulation.cooldowns import (
    Cooldown,
    CooldownSeconds,
    Limits,
    allowed_capacity,
)
from ecs_fleet_emulator.simulation.step_scaling import Policy, Step, adjusted, step_for
from ecs_fleet_emulator.simulation.target_tracking import (
    ScaleInVotes,
    proportional_capacity,
)

from .moto_records import AlarmedMetric, TrackedAlarm, is_suspended

if TYPE_CHECKING:
    from .region import Region

SIMPLE, STEPS, TRACKING = "SimpleScaling", "StepScaling", "TargetTrackingScaling"
_DEFAULT_COOLDOWN = 300
# An alarm acts at every evaluation; a policy's vote lasts until the one after the next.
_VOTE_SECONDS = 120


@dataclass
class GroupPolicy:
    """A scaling policy of a group; `given` is the request that made it."""

    name: str
    arn: str
    kind: str
    given: Mapping[str, Any]
    alarms: tuple[TrackedAlarm, ...] = ()

    @property
    def enabled(self) -> bool:
        """Whether alarms carry the policy out."""
        return bool(self.given.get("Enabled", True))

    @property
    def tracking(self) -> Mapping[str, Any]:
        """The configuration of target tracking; empty of other kinds."""
        found: Mapping[str, Any] = self.given.get("TargetTrackingConfiguration") or {}
        return found


@dataclass
class GroupAction:
    """A scheduled action of a group; `given` is the request that made it."""

    name: str
    arn: str
    given: Mapping[str, Any]
    created: datetime


@dataclass
class GroupScaling:
    """The policies and scheduled actions of a group, and what they have done lately."""

    policies: dict[str, GroupPolicy] = field(default_factory=dict)
    actions: dict[str, GroupAction] = field(default_factory=dict)
    cooldown: Cooldown = field(default_factory=Cooldown)
    simple_until: float = 0.0
    votes: ScaleInVotes = field(default_factory=ScaleInVotes)


def scaling_of(group: Any) -> GroupScaling:
    """The scaling of moto's group, which ends with it."""
    found: GroupScaling = group.__dict__.setdefault("fleet_scaling", GroupScaling())
    return found


def carry_out_policy(region: "Region", arn: str, seen: AlarmedMetric) -> None:
    """Set the desired capacity of a policy's group, after its alarm saw a metric."""
    for group in list(region.autoscaling.autoscaling_groups.values()):
        policy = next((p for p in scaling_of(group).policies.values() if p.arn == arn), None)
        if policy is None:
            continue
        if policy.enabled and not is_suspended(group, "AlarmNotification"):
            wanted = _wanted(group, policy, seen, region.settings.alarm_speed)
            if wanted is not None:
                region.autoscaling.set_desired_capacity(group.name, wanted)
        return


def execute_policy(
    region: "Region",
    group: Any,
    policy: GroupPolicy,
    seen: AlarmedMetric,
    *,
    honours_cooldown: bool,
) -> None:
    """Carry a policy out by hand, whether it is enabled or not."""
    if not honours_cooldown:
        scaling_of(group).simple_until = 0.0
    wanted = _wanted(group, policy, seen, region.settings.alarm_speed)
    if wanted is not None:
        region.autoscaling.set_desired_capacity(group.name, wanted)


def carry_out_action(region: "Region", group: Any, action: GroupAction) -> None:
    """Change a group's sizes as a scheduled action says; the desired one follows the limits."""
    if is_suspended(group, "ScheduledActions"):
        return
    given = action.given
    group.min_size = given.get("MinSize", group.min_size)
    group.max_size = given.get("MaxSize", group.max_size)
    desired = given.get("DesiredCapacity", group.desired_capacity)
    capacity = Limits(int(group.min_size), int(group.max_size)).apply(int(desired or 0))
    region.autoscaling.set_desired_capacity(group.name, capacity)


def _wanted(group: Any, policy: GroupPolicy, seen: AlarmedMetric, speed: float) -> int | None:
    """The desired capacity that a policy sets now; None if it does not change."""
    capacity, now = int(group.desired_capacity or 0), CLOCK.monotonic()
    limits = Limits(int(group.min_size), int(group.max_size))
    scaling = scaling_of(group)
    if policy.kind == SIMPLE:
        return _after_simple(group, scaling, policy, limits, speed)
    warmup = _warmup_seconds(group, policy) / speed
    if policy.kind == TRACKING:
        target = float(policy.tracking["TargetValue"])
        if not seen.above:
            return _tracked_in(scaling, policy, seen, limits, capacity, speed)
        return allowed_capacity(
            lambda base: proportional_capacity(base, seen.value, target),
            capacity,
            limits,
            scaling.cooldown,
            CooldownSeconds(warmup, 0.0),
            now,
        )
    steps = step_policy(policy.given)
    step = step_for(steps.steps, seen.value - seen.threshold, above=seen.above)
    if step is None:
        return None
    return allowed_capacity(
        lambda base: adjusted(steps, step, base),
        capacity,
        limits,
        scaling.cooldown,
        CooldownSeconds(warmup, 0.0),
        now,
    )


def _tracked_in(
    scaling: GroupScaling,
    policy: GroupPolicy,
    seen: AlarmedMetric,
    limits: Limits,
    capacity: int,
    speed: float,
) -> int | None:
    """The capacity to scale in to: none while instances warm up, or if a policy would not."""
    now = CLOCK.monotonic()
    wanted = proportional_capacity(capacity, seen.value, float(policy.tracking["TargetValue"]))
    scaling.votes.cast(policy.name, wanted, now + _VOTE_SECONDS / speed)
    names = [
        one.name
        for one in scaling.policies.values()
        if one.kind == TRACKING and one.enabled and not one.tracking.get("DisableScaleIn")
    ]
    agreed = scaling.votes.agreed(names, now)
    if agreed is None or now < scaling.cooldown.out_until:
        return None
    shrunk = limits.apply(agreed)
    return shrunk if shrunk < capacity else None


def _after_simple(
    group: Any, scaling: GroupScaling, policy: GroupPolicy, limits: Limits, speed: float
) -> int | None:
    """The capacity after a simple policy, which waits until its group's cooldown is over."""
    now = CLOCK.monotonic()
    if now < scaling.simple_until:
        return None
    given = policy.given
    step = Step(int(given["ScalingAdjustment"]))
    capacity = int(group.desired_capacity or 0)
    wanted = limits.apply(adjusted(step_policy(given), step, capacity))
    if wanted == capacity:
        return None
    seconds = given.get("Cooldown", group.default_cooldown)
    scaling.simple_until = now + float(_DEFAULT_COOLDOWN if seconds is None else seconds) / speed
    return wanted


def _warmup_seconds(group: Any, policy: GroupPolicy) -> float:
    """https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-default-instance-warmup.html"""
    given = policy.given.get("EstimatedInstanceWarmup")
    for seconds in (given, getattr(group, "default_instance_warmup", None), group.default_cooldown):
        if seconds is not None and int(seconds) >= 0:
            return float(seconds)
    return float(_DEFAULT_COOLDOWN)


def step_policy(given: Mapping[str, Any]) -> Policy:
    """The adjustments of a simple or step scaling policy."""
    steps = [
        Step(
            int(step["ScalingAdjustment"]),
            step.get("MetricIntervalLowerBound"),
            step.get("MetricIntervalUpperBound"),
        )
        for step in given.get("StepAdjustments") or []
    ]
    return Policy(
        adjustment_type=given["AdjustmentType"],
        steps=steps,
        minimum_magnitude=int(given.get("MinAdjustmentMagnitude") or 0),
    )
