"""What becomes of each member of ECS's requests: what is not here is refused by name."""

from .request_members import Members, Table

_PAGE = "nextToken maxResults"
_DESCRIBED = {"include": ("TAGS",)}

_CAPACITY: Table = {
    "CreateCapacityProviderRequest": Members("name autoScalingGroupProvider tags"),
    "AutoScalingGroupProvider": Members(
        "autoScalingGroupArn managedScaling managedTerminationProtection managedDraining"
    ),
    "AutoScalingGroupProviderUpdate": Members(
        "managedScaling managedTerminationProtection managedDraining"
    ),
    "ManagedScaling": Members(
        "status targetCapacity minimumScalingStepSize maximumScalingStepSize instanceWarmupPeriod"
    ),
    "UpdateCapacityProviderRequest": Members("name autoScalingGroupProvider"),
    "DeleteCapacityProviderRequest": Members("capacityProvider"),
    "DescribeCapacityProvidersRequest": Members("capacityProviders include", only=_DESCRIBED),
    "CapacityProviderStrategyItem": Members("capacityProvider weight base"),
    "PutClusterCapacityProvidersRequest": Members(
        "cluster capacityProviders defaultCapacityProviderStrategy"
    ),
}
_CLUSTERS: Table = {
    "CreateClusterRequest": Members(
        "clusterName tags capacityProviders defaultCapacityProviderStrategy",
        shown="settings configuration",
    ),
    "UpdateClusterRequest": Members("cluster", shown="settings configuration"),
    "DeleteClusterRequest": Members("cluster"),
    "DescribeClustersRequest": Members(
        "clusters include",
        only={"include": ("TAGS", "SETTINGS", "CONFIGURATIONS")},
    ),
    "ListClustersRequest": Members(_PAGE),
    "DescribeContainerInstancesRequest": Members(
        "cluster containerInstances include", only=_DESCRIBED
    ),
    "ListContainerInstancesRequest": Members(f"cluster status {_PAGE}"),
    "UpdateContainerInstancesStateRequest": Members("cluster containerInstances status"),
    "Attribute": Members(shown="name value targetType targetId"),
    "PutAttributesRequest": Members("cluster attributes"),
    "DeleteAttributesRequest": Members("cluster attributes"),
    "ListAttributesRequest": Members(f"cluster targetType attributeName attributeValue {_PAGE}"),
    "PutAccountSettingRequest": Members("name value"),
    "DeleteAccountSettingRequest": Members("name"),
    "ListAccountSettingsRequest": Members(f"name value {_PAGE}", shown="effectiveSettings"),
    "DiscoverPollEndpointRequest": Members(shown="containerInstance cluster"),
}
_SERVICES: Table = {
    "CreateServiceRequest": Members(
        "cluster serviceName taskDefinition desiredCount clientToken launchType"
        " capacityProviderStrategy deploymentConfiguration placementConstraints placementStrategy"
        " healthCheckGracePeriodSeconds schedulingStrategy deploymentController tags"
        " enableECSManagedTags propagateTags availabilityZoneRebalancing"
        " serviceConnectConfiguration",
        shown="enableExecuteCommand",
        only={"launchType": ("EC2",), "availabilityZoneRebalancing": ("DISABLED",)},
    ),
    "UpdateServiceRequest": Members(
        "cluster service taskDefinition desiredCount forceNewDeployment capacityProviderStrategy"
        " deploymentConfiguration placementConstraints placementStrategy"
        " healthCheckGracePeriodSeconds deploymentController enableECSManagedTags propagateTags"
        " availabilityZoneRebalancing serviceConnectConfiguration",
        shown="enableExecuteCommand",
        only={"availabilityZoneRebalancing": ("DISABLED",)},
    ),
    "DeploymentConfiguration": Members(
        "deploymentCircuitBreaker maximumPercent minimumHealthyPercent alarms strategy",
        only={"strategy": ("ROLLING",)},
    ),
    "DeploymentCircuitBreaker": Members("enable rollback"),
    "DeploymentAlarms": Members(shown="alarmNames rollback"),
    "DeploymentController": Members("type", only={"type": ("ECS",)}),
    "ServiceConnectConfiguration": Members(),
    "PlacementConstraint": Members("type expression"),
    "PlacementStrategy": Members("type field"),
    "DeleteServiceRequest": Members("cluster service force"),
    "DescribeServicesRequest": Members("cluster services include", only=_DESCRIBED),
    "ListServicesRequest": Members(f"cluster launchType schedulingStrategy {_PAGE}"),
}
_DEFINITIONS: Table = {
    "RegisterTaskDefinitionRequest": Members(
        "family taskRoleArn executionRoleArn containerDefinitions volumes cpu memory tags"
        " placementConstraints",
        shown="networkMode requiresCompatibilities pidMode ipcMode runtimePlatform"
        " ephemeralStorage",
    ),
    "TaskDefinitionPlacementConstraint": Members(),
    "ContainerDefinition": Members(
        "name cpu memory memoryReservation essential entryPoint command environment secrets"
        " dependsOn startTimeout stopTimeout healthCheck resourceRequirements logConfiguration",
        # Docker acts them out where containers are Docker's; a process of this machine has neither
        # an image nor a file system, a network or limits of its own.
        shown="image mountPoints linuxParameters workingDirectory user readonlyRootFilesystem"
        " portMappings hostname links dnsServers dnsSearchDomains extraHosts dockerLabels ulimits"
        " dockerSecurityOptions privileged disableNetworking interactive pseudoTerminal"
        " systemControls versionConsistency repositoryCredentials",
    ),
    "KeyValuePair": Members("name value"),
    "Secret": Members("name valueFrom"),
    "ContainerDependency": Members("containerName condition"),
    "HealthCheck": Members("command interval timeout retries startPeriod"),
    "ResourceRequirement": Members("value type", only={"type": ("GPU",)}),
    "LogConfiguration": Members(
        "logDriver",
        shown="options",
        only={"logDriver": ("awslogs", "json-file", "local", "journald", "none")},
    ),
    "Volume": Members("name", shown="host dockerVolumeConfiguration"),
    "DeregisterTaskDefinitionRequest": Members("taskDefinition"),
    "DeleteTaskDefinitionsRequest": Members("taskDefinitions"),
    "DescribeTaskDefinitionRequest": Members("taskDefinition include", only=_DESCRIBED),
    "ListTaskDefinitionsRequest": Members(
        f"familyPrefix status sort {_PAGE}", only={"sort": ("ASC",)}
    ),
    "ListTaskDefinitionFamiliesRequest": Members(f"familyPrefix {_PAGE}"),
}
_TASKS: Table = {
    "RunTaskRequest": Members(
        "cluster taskDefinition count launchType capacityProviderStrategy group overrides"
        " placementConstraints placementStrategy startedBy tags propagateTags enableECSManagedTags"
        " clientToken",
        shown="enableExecuteCommand",
        only={"launchType": ("EC2",), "propagateTags": ("TASK_DEFINITION", "NONE")},
    ),
    "TaskOverride": Members("containerOverrides cpu memory taskRoleArn executionRoleArn"),
    "ContainerOverride": Members("name command environment cpu memory memoryReservation"),
    "StopTaskRequest": Members("cluster task reason"),
    "DescribeTasksRequest": Members("cluster tasks include", only=_DESCRIBED),
    "ListTasksRequest": Members(
        f"cluster containerInstance family startedBy serviceName desiredStatus {_PAGE}"
    ),
    "GetTaskProtectionRequest": Members("cluster tasks"),
    "UpdateTaskProtectionRequest": Members("cluster tasks protectionEnabled expiresInMinutes"),
}
_TAGS: Table = {
    "Tag": Members("key value"),
    "TagResourceRequest": Members("resourceArn tags"),
    "UntagResourceRequest": Members("resourceArn tagKeys"),
    "ListTagsForResourceRequest": Members("resourceArn"),
}
ECS: Table = {**_CAPACITY, **_CLUSTERS, **_SERVICES, **_DEFINITIONS, **_TASKS, **_TAGS}
"""What the emulator takes of ECS's requests."""
