"""Carries out scaling policies: from an alarm's state to a service's desired count."""

import logging
import time
from typing import Any
from uuid import uuid4

from moto.applicationautoscaling.models import (
    ApplicationAutoscalingBackend,
    applicationautoscaling_backends,
)

from discord_diffusion_emulator.fleet.agent import plane
from discord_diffusion_emulator.fleet.moto_writer import moment
from discord_diffusion_emulator.services.application_autoscaling import activities
from discord_diffusion_emulator.simulation.step_scaling import (
    Cooldown,
    Limits,
    Policy,
    Step,
    decide,
)

LOG = logging.getLogger(__name__)

ACTIVITIES = 500
DIMENSION = "ecs:service:DesiredCount"


def carry_out(action: str, alarm: str, distance: float, *, above: bool) -> None:
    """Carry out a step scaling policy of Application Auto Scaling.

    `distance` is how far the metric is past the alarm's threshold. A policy of another kind is
    logged as not emulated, and does nothing.
    """
    _, _, _, region, account, *_ = action.split(":")
    backend = applicationautoscaling_backends[account][region]
    policy = next((p for p in backend.policies.values() if p.policy_arn == action), None)
    if policy is None or policy.policy_type != "StepScaling":
        LOG.error("not emulated: the alarm %s asks for the scaling policy %s", alarm, action)
        return
    target = backend.targets.get(DIMENSION, {}).get(policy.resource_id)
    if target is None:
        LOG.warning("the policy %s has no scalable target", action)
        return
    with plane(account, region) as there:
        _, cluster, name = policy.resource_id.split("/")
        service = there.ecs.services.get(f"{cluster}:{name}")
        if service is None or service.status != "ACTIVE":
            return
        before = service.desired_count
        wanted = decide(
            _policy(policy, there.settings.alarm_speed),
            distance,
            above=above,
            capacity=before,
            limits=Limits(int(target.min_capacity), int(target.max_capacity)),
            cooldown=_cooldown(target),
            now=time.monotonic(),
        )
        if wanted is None or _suspended(target, wanted > before):
            return
        service.desired_count = wanted
    _record(backend, policy, alarm, wanted)


def _cooldown(target: Any) -> Cooldown:
    cooldown: Cooldown = target.__dict__.setdefault("fleet_cooldown", Cooldown())
    return cooldown


def _suspended(target: Any, grows: bool) -> bool:
    state = target.suspended_state or {}
    name = "DynamicScalingOutSuspended" if grows else "DynamicScalingInSuspended"
    return bool(state.get(name))


def _policy(policy: Any, speed: float) -> Policy:
    given = policy.step_scaling_policy_configuration
    return Policy(
        arn=policy.policy_arn,
        adjustment_type=given["AdjustmentType"],
        steps=[
            Step(
                int(one["ScalingAdjustment"]),
                one.get("MetricIntervalLowerBound"),
                one.get("MetricIntervalUpperBound"),
            )
            for one in given.get("StepAdjustments") or []
        ],
        # Cooldowns are chosen by how long an alarm sees a point, and how soon the next one comes.
        cooldown=float(given.get("Cooldown", 300)) / speed,
        minimum_magnitude=int(given.get("MinAdjustmentMagnitude") or 0),
    )


def _record(backend: ApplicationAutoscalingBackend, policy: Any, alarm: str, wanted: int) -> None:
    now = moment()
    kept = activities(backend)
    kept.insert(
        0,
        {
            "ActivityId": str(uuid4()),
            "ServiceNamespace": "ecs",
            "ResourceId": policy.resource_id,
            "ScalableDimension": DIMENSION,
            "Description": f"Setting desired count to {wanted}.",
            "Cause": f"monitor alarm {alarm} in state ALARM triggered policy {policy.policy_name}",
            "StartTime": now,
            "EndTime": now,
            "StatusCode": "Successful",
            "StatusMessage": f"Successfully set desired count to {wanted}.",
        },
    )
    del kept[ACTIVITIES:]
