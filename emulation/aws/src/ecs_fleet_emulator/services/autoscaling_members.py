"""What becomes of each member of Auto Scaling's requests: what is not here is refused by name."""

from .request_members import Members, Table

_GROUP = (
    "AutoScalingGroupName LaunchConfigurationName LaunchTemplate MixedInstancesPolicy MinSize"
    " MaxSize DesiredCapacity AvailabilityZones VPCZoneIdentifier NewInstancesProtectedFromScaleIn"
    " CapacityRebalance HealthCheckType HealthCheckGracePeriod TerminationPolicies"
    " DesiredCapacityType DefaultCooldown DefaultInstanceWarmup"
)
_ACTION = (
    "ScheduledActionName StartTime EndTime Recurrence MinSize MaxSize DesiredCapacity TimeZone"
)
_SHOWN = "PlacementGroup ServiceLinkedRoleARN"
_ONLY: dict[str, tuple[object, ...]] = {
    "HealthCheckType": ("EC2",),
    # The oldest of the instances with the fewest tasks goes first.
    "TerminationPolicies": ("Default", "OldestInstance"),
    "DesiredCapacityType": ("units",),
}
_GROUPS: Table = {
    "CreateAutoScalingGroupType": Members(f"{_GROUP} Tags", shown=_SHOWN, only=_ONLY),
    "UpdateAutoScalingGroupType": Members(_GROUP, shown=_SHOWN, only=_ONLY),
    "DeleteAutoScalingGroupType": Members("AutoScalingGroupName ForceDelete"),
    "AutoScalingGroupNamesType": Members("AutoScalingGroupNames NextToken MaxRecords Filters"),
    "Filter": Members("Name Values"),
    "LaunchTemplateSpecification": Members("LaunchTemplateId LaunchTemplateName Version"),
    "MixedInstancesPolicy": Members("LaunchTemplate InstancesDistribution"),
    "LaunchTemplate": Members("LaunchTemplateSpecification Overrides"),
    # A group launches its first type.
    "LaunchTemplateOverrides": Members("InstanceType"),
    "InstancesDistribution": Members(
        "OnDemandBaseCapacity OnDemandPercentageAboveBaseCapacity",
        shown="OnDemandAllocationStrategy SpotAllocationStrategy SpotInstancePools SpotMaxPrice",
    ),
    "SetDesiredCapacityType": Members("AutoScalingGroupName DesiredCapacity"),
    "DescribeScalingActivitiesType": Members("ActivityIds AutoScalingGroupName MaxRecords"),
    "ScalingProcessQuery": Members("AutoScalingGroupName ScalingProcesses"),
    "EnableMetricsCollectionQuery": Members(shown="AutoScalingGroupName Metrics Granularity"),
    "Tag": Members("ResourceId ResourceType Key Value PropagateAtLaunch"),
    "CreateOrUpdateTagsType": Members("Tags"),
    "DeleteTagsType": Members("Tags"),
    "DescribeTagsType": Members("Filters"),
    "DescribeLoadBalancersRequest": Members("AutoScalingGroupName"),
    "DescribeLoadBalancerTargetGroupsRequest": Members("AutoScalingGroupName"),
}
_INSTANCES: Table = {
    "DescribeAutoScalingInstancesType": Members("InstanceIds"),
    "SetInstanceHealthQuery": Members("InstanceId HealthStatus ShouldRespectGracePeriod"),
    "SetInstanceProtectionQuery": Members("InstanceIds AutoScalingGroupName ProtectedFromScaleIn"),
    "TerminateInstanceInAutoScalingGroupType": Members("InstanceId ShouldDecrementDesiredCapacity"),
    "CreateLaunchConfigurationType": Members(
        "LaunchConfigurationName ImageId UserData InstanceType IamInstanceProfile InstanceId",
        shown="KeyName SecurityGroups KernelId RamdiskId BlockDeviceMappings InstanceMonitoring"
        " EbsOptimized AssociatePublicIpAddress MetadataOptions",
    ),
    "LaunchConfigurationNameType": Members("LaunchConfigurationName"),
    "LaunchConfigurationNamesType": Members("LaunchConfigurationNames NextToken MaxRecords"),
}
_POOLS_AND_HOOKS: Table = {
    "PutWarmPoolType": Members(
        "AutoScalingGroupName MaxGroupPreparedCapacity MinSize PoolState InstanceReusePolicy"
    ),
    "InstanceReusePolicy": Members("ReuseOnScaleIn"),
    "DeleteWarmPoolType": Members("AutoScalingGroupName ForceDelete"),
    "DescribeWarmPoolType": Members("AutoScalingGroupName"),
    "PutLifecycleHookType": Members(
        "LifecycleHookName AutoScalingGroupName LifecycleTransition HeartbeatTimeout DefaultResult",
        only={"LifecycleTransition": ("autoscaling:EC2_INSTANCE_LAUNCHING",)},
    ),
    "DeleteLifecycleHookType": Members("LifecycleHookName AutoScalingGroupName"),
    "DescribeLifecycleHooksType": Members("AutoScalingGroupName LifecycleHookNames"),
    "CompleteLifecycleActionType": Members(
        "LifecycleHookName AutoScalingGroupName LifecycleActionResult InstanceId"
    ),
}
_SCALING: Table = {
    "PutScalingPolicyType": Members(
        "AutoScalingGroupName PolicyName PolicyType AdjustmentType MinAdjustmentMagnitude"
        " ScalingAdjustment Cooldown StepAdjustments TargetTrackingConfiguration Enabled",
        shown="MetricAggregationType EstimatedInstanceWarmup",
    ),
    "StepAdjustment": Members(
        "MetricIntervalLowerBound MetricIntervalUpperBound ScalingAdjustment"
    ),
    "TargetTrackingConfiguration": Members(
        "PredefinedMetricSpecification CustomizedMetricSpecification TargetValue DisableScaleIn"
    ),
    "PredefinedMetricSpecification": Members("PredefinedMetricType ResourceLabel"),
    "CustomizedMetricSpecification": Members(
        "MetricName Namespace Dimensions Statistic Unit Period Metrics"
    ),
    "MetricDimension": Members("Name Value"),
    "TargetTrackingMetricDataQuery": Members("Id Expression MetricStat Label Period ReturnData"),
    "TargetTrackingMetricStat": Members("Metric Stat Unit Period"),
    "Metric": Members("Namespace MetricName Dimensions"),
    "DescribePoliciesType": Members("AutoScalingGroupName PolicyNames PolicyTypes"),
    "DeletePolicyType": Members("AutoScalingGroupName PolicyName"),
    "ExecutePolicyType": Members(
        "AutoScalingGroupName PolicyName HonorCooldown MetricValue BreachThreshold"
    ),
    "PutScheduledUpdateGroupActionType": Members(
        f"AutoScalingGroupName {_ACTION}",
    ),
    "BatchPutScheduledUpdateGroupActionType": Members(
        "AutoScalingGroupName ScheduledUpdateGroupActions"
    ),
    "ScheduledUpdateGroupActionRequest": Members(_ACTION),
    "DescribeScheduledActionsType": Members("AutoScalingGroupName ScheduledActionNames"),
    "DeleteScheduledActionType": Members("AutoScalingGroupName ScheduledActionName"),
    "BatchDeleteScheduledActionType": Members("AutoScalingGroupName ScheduledActionNames"),
}
AUTOSCALING: Table = {**_GROUPS, **_INSTANCES, **_POOLS_AND_HOOKS, **_SCALING}
"""What the emulator takes of Auto Scaling's requests."""
