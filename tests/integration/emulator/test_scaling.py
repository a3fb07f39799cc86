"""Target tracking, scheduled actions and policies of groups act, and are shown as on AWS."""

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from running_emulator import Emulator
from small_fleet import SmallFleet, moves_time

from tests.targets import HOST, TARGET


@pytest.fixture
def fleet_emulator(moved_emulator: Emulator) -> Emulator:
    return moved_emulator


def target(fleet: SmallFleet, **limits: int) -> dict[str, Any]:
    """The fleet's service as a scalable target, registered with limits."""
    found = {
        "ServiceNamespace": "ecs",
        "ResourceId": f"service/{fleet.name}/{fleet.service_name}",
        "ScalableDimension": "ecs:service:DesiredCount",
    }
    given = {"MinCapacity": 0, "MaxCapacity": 8, **limits}
    fleet.client("application-autoscaling").register_scalable_target(**found, **given)
    return found


def tracked(fleet: SmallFleet, metric: str, **changes: Any) -> dict[str, Any]:
    """The configuration of a policy that keeps a metric at 10."""
    specification = {"Namespace": fleet.name, "MetricName": metric, "Statistic": "Maximum"}
    return {"TargetValue": 10.0, "CustomizedMetricSpecification": specification, **changes}


def alarm_with(fleet: SmallFleet, name: str, metric: str, value: float) -> None:
    """Publish a value, and set an alarm off that sees it."""
    cloudwatch = fleet.client("cloudwatch")
    datum = {"MetricName": metric, "Value": value}
    cloudwatch.put_metric_data(Namespace=fleet.name, MetricData=[datum])
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="a test")
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")


def alarms(fleet: SmallFleet, answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The alarms that a policy's answer names, as DescribeAlarms answers."""
    names = [alarm["AlarmName"] for alarm in answer["Alarms"]]
    found: list[dict[str, Any]] = fleet.client("cloudwatch").describe_alarms(AlarmNames=names)[
        "MetricAlarms"
    ]
    return sorted(found, key=lambda alarm: names.index(alarm["AlarmName"]))


def refusal(call: Any, **request: Any) -> str:
    """Code and text with which a request is refused."""
    with pytest.raises(ClientError) as error:
        call(**request)
    found = error.value.response["Error"]
    return f"{found['Code']}: {found['Message']}"


def test_a_service_follows_a_metric_through_the_alarms_of_its_policy(fleet: SmallFleet) -> None:
    scaling = fleet.client("application-autoscaling")
    policy = {**target(fleet, MinCapacity=1), "PolicyName": "queue"}
    assert fleet.service()["desiredCount"] == 1, "a service has its minimum at once"
    assert "Maximum capacity cannot be less" in refusal(
        scaling.register_scalable_target, **target(fleet, MinCapacity=1), MaxCapacity=0
    )
    kind = {"PolicyType": "TargetTrackingScaling"}
    made = scaling.put_scaling_policy(
        **policy, **kind, TargetTrackingScalingPolicyConfiguration=tracked(fleet, "busy")
    )
    high, low = alarms(fleet, made)
    mark = f"TargetTracking-{policy['ResourceId']}-Alarm"
    assert high["AlarmName"].startswith(f"{mark}High-")
    assert low["AlarmName"].startswith(f"{mark}Low-")
    assert (high["EvaluationPeriods"], high["Threshold"]) == (3, 10.0)
    assert (low["EvaluationPeriods"], low["Threshold"]) == (15, 9.0)
    assert high["AlarmActions"][0].startswith(f"{made['PolicyARN']}:createdBy/")

    alarm_with(fleet, high["AlarmName"], "busy", 35.0)
    assert fleet.service()["desiredCount"] == 4
    alarm_with(fleet, high["AlarmName"], "busy", 40.0)
    assert fleet.service()["desiredCount"] == 4, "the cooldown counts what it has added"

    changed = scaling.put_scaling_policy(
        **policy, **kind, TargetTrackingScalingPolicyConfiguration=tracked(fleet, "idle")
    )
    assert (changed["PolicyARN"], changed["Alarms"]) == (made["PolicyARN"], made["Alarms"])
    another = scaling.put_scaling_policy(
        **(policy | {"PolicyName": "another"}),
        **kind,
        TargetTrackingScalingPolicyConfiguration=tracked(fleet, "other"),
    )
    alarm_with(fleet, low["AlarmName"], "idle", 5.0)
    assert fleet.service()["desiredCount"] == 4, "the other policy does not agree"
    alarm_with(fleet, another["Alarms"][1]["AlarmName"], "other", 7.0)
    assert fleet.service()["desiredCount"] == 3

    only_out = scaling.put_scaling_policy(
        **policy,
        **kind,
        TargetTrackingScalingPolicyConfiguration=tracked(fleet, "idle", DisableScaleIn=True),
    )
    assert [alarm["AlarmName"] for alarm in only_out["Alarms"]] == [high["AlarmName"]]
    activities = scaling.describe_scaling_activities(ServiceNamespace="ecs")["ScalingActivities"]
    own = [one for one in activities if one["ResourceId"] == policy["ResourceId"]]
    assert [one["Description"] for one in own] == [
        f"Setting desired count to {count}." for count in (3, 4, 1)
    ]
    assert high["AlarmName"] in own[1]["Cause"]

    scaling.register_scalable_target(
        **target(fleet), SuspendedState={"DynamicScalingOutSuspended": True}
    )
    alarm_with(fleet, high["AlarmName"], "idle", 80.0)
    assert fleet.service()["desiredCount"] == 3
    scaling.deregister_scalable_target(**target(fleet))
    assert not alarms(fleet, made)
    assert "ObjectNotFoundException" in refusal(
        scaling.put_scaling_policy,
        **policy,
        **kind,
        TargetTrackingScalingPolicyConfiguration=tracked(fleet, "busy"),
    )


@pytest.mark.skipif(TARGET != HOST, reason="it is measured of tasks that are processes")
def test_the_utilization_of_a_service_is_measured_where_a_policy_tracks_it(
    fleet: SmallFleet,
) -> None:
    fleet.run_tasks()
    scaling, cloudwatch = fleet.client("application-autoscaling"), fleet.client("cloudwatch")
    policy = {**target(fleet), "PolicyName": "memory", "PolicyType": "TargetTrackingScaling"}

    def configuration(metric: str) -> dict[str, Any]:
        return {
            "TargetValue": 50,
            "PredefinedMetricSpecification": {"PredefinedMetricType": metric},
        }

    assert "policies that track ALBRequestCountPerTarget" in refusal(
        scaling.put_scaling_policy,
        **policy,
        TargetTrackingScalingPolicyConfiguration=configuration("ALBRequestCountPerTarget"),
    )
    made = scaling.put_scaling_policy(
        **policy,
        TargetTrackingScalingPolicyConfiguration=configuration(
            "ECSServiceAverageMemoryUtilization"
        ),
    )
    high, _ = alarms(fleet, made)
    assert (high["Namespace"], high["MetricName"]) == ("AWS/ECS", "MemoryUtilization")

    def measured(metric: str) -> list[float]:
        points = cloudwatch.get_metric_statistics(
            Namespace="AWS/ECS",
            MetricName=metric,
            Dimensions=high["Dimensions"],
            StartTime=fleet.now() - timedelta(minutes=5),
            EndTime=fleet.now() + timedelta(minutes=1),
            Period=60,
            Statistics=["Average"],
        )["Datapoints"]
        return [point["Average"] for point in points]

    fleet.wait(lambda: measured("MemoryUtilization"), "the memory is measured")
    fleet.wait(lambda: measured("CPUUtilization"), "the processor time is measured")
    assert 0 < measured("MemoryUtilization")[0] < 50
    assert 0 <= measured("CPUUtilization")[0] < 50
    scaling.deregister_scalable_target(**target(fleet))


@moves_time
def test_scheduled_actions_of_services_and_groups_take_place(fleet: SmallFleet) -> None:
    scaling, autoscaling = fleet.client("application-autoscaling"), fleet.client("autoscaling")
    # However slow the machine is, it does not come before time is moved.
    soon = fleet.now().replace(microsecond=0) + timedelta(minutes=5)
    action = {**target(fleet), "ScheduledActionName": "morning"}
    scaling.put_scheduled_action(
        **action,
        Schedule=f"at({soon:%Y-%m-%dT%H:%M:%S})",
        ScalableTargetAction={"MinCapacity": 1, "MaxCapacity": 2},
    )
    [shown] = scaling.describe_scheduled_actions(ServiceNamespace="ecs")["ScheduledActions"]
    assert shown["ScalableTargetAction"] == {"MinCapacity": 1, "MaxCapacity": 2}
    group = {"AutoScalingGroupName": fleet.service_name}
    autoscaling.put_scheduled_update_group_action(
        **group, ScheduledActionName="morning", StartTime=soon, MinSize=1, MaxSize=2
    )
    autoscaling.put_scheduled_update_group_action(
        **group, ScheduledActionName="night", Recurrence="0 22 * * *", DesiredCapacity=0
    )
    own = autoscaling.describe_scheduled_actions(**group)["ScheduledUpdateGroupActions"]
    assert [one["ScheduledActionName"] for one in own] == ["morning", "night"]
    assert own[0]["StartTime"] == soon
    assert own[1]["StartTime"].hour == 22

    fleet.pass_time(300)
    fleet.wait(lambda: fleet.service()["desiredCount"] == 1, "the service has its new minimum")
    fleet.wait(lambda: fleet.group()["MinSize"] == 1, "the group has its new minimum")
    assert (fleet.group()["DesiredCapacity"], fleet.group()["MaxSize"]) == (1, 2)
    own = autoscaling.describe_scheduled_actions(**group)["ScheduledUpdateGroupActions"]
    assert [one["ScheduledActionName"] for one in own] == ["night"]
    assert "rate(1 minutes)" in refusal(
        scaling.put_scheduled_action,
        **(action | {"Schedule": "rate(1 minutes)", "ScalableTargetAction": {"MinCapacity": 0}}),
    )
    scaling.deregister_scalable_target(**target(fleet))
    assert not scaling.describe_scheduled_actions(ServiceNamespace="ecs")["ScheduledActions"]


@moves_time
def test_a_recurring_action_takes_place_when_time_is_moved(fleet: SmallFleet) -> None:
    group = {"AutoScalingGroupName": fleet.service_name}
    at = fleet.now() + timedelta(minutes=2)
    fleet.client("autoscaling").put_scheduled_update_group_action(
        **group, ScheduledActionName="daily", Recurrence=f"{at.minute} {at.hour} * * *", MaxSize=7
    )
    assert fleet.group()["MaxSize"] == 3
    fleet.pass_time(125)
    assert fleet.group()["MaxSize"] == 7
    [action] = fleet.client("autoscaling").describe_scheduled_actions(**group)[
        "ScheduledUpdateGroupActions"
    ]
    assert action["StartTime"] > at + timedelta(hours=23)


def test_policies_of_a_group_set_its_desired_capacity(fleet: SmallFleet) -> None:
    autoscaling, name = fleet.client("autoscaling"), fleet.service_name
    group = {"AutoScalingGroupName": name}
    policy = {**group, "PolicyName": "busy"}
    configuration = tracked(fleet, "busy")
    made = autoscaling.put_scaling_policy(
        **policy, PolicyType="TargetTrackingScaling", TargetTrackingConfiguration=configuration
    )
    high, low = alarms(fleet, made)
    assert (high["Threshold"], low["Threshold"]) == (10.0, 7.0)
    alarm_with(fleet, high["AlarmName"], "busy", 15.0)
    assert fleet.group()["DesiredCapacity"] == 2
    autoscaling.suspend_processes(**group, ScalingProcesses=["AlarmNotification"])
    alarm_with(fleet, high["AlarmName"], "busy", 90.0)
    assert fleet.group()["DesiredCapacity"] == 2
    simple = {"PolicyName": "less", "AdjustmentType": "ChangeInCapacity", "ScalingAdjustment": -1}
    autoscaling.put_scaling_policy(**group, **simple)
    autoscaling.execute_policy(**group, PolicyName="less")
    assert fleet.group()["DesiredCapacity"] == 1
    shown = autoscaling.describe_policies(**group)["ScalingPolicies"]
    assert [(one["PolicyName"], one["PolicyType"]) for one in shown] == [
        ("busy", "TargetTrackingScaling"),
        ("less", "SimpleScaling"),
    ]
    autoscaling.delete_policy(**policy)
    assert not alarms(fleet, made)
    assert "policies that track ASGAverageCPUUtilization" in refusal(
        autoscaling.put_scaling_policy,
        **policy,
        PolicyType="TargetTrackingScaling",
        TargetTrackingConfiguration={
            "TargetValue": 50,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
        },
    )
