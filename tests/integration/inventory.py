"""The inventory of an emulated account: all resources of the kinds in the production module."""

from collections.abc import Callable
from typing import Any

Client = Callable[[str], Any]


def inventory(client: Client) -> dict[str, list[str]]:
    """Names by kind, without deleted resources that are still described for a while."""
    return {kind: sorted(names(client)) for kind, names in _KINDS.items()}


def count_named(client: Client, prefix: str) -> dict[str, int]:
    """The number of resources of each kind whose names contain a prefix."""
    found = inventory(client)
    counts = {kind: sum(prefix in name for name in names) for kind, names in found.items()}
    return {kind: count for kind, count in counts.items() if count}


def _active_clusters(client: Client) -> list[str]:
    ecs = client("ecs")
    described = ecs.describe_clusters(clusters=ecs.list_clusters()["clusterArns"])["clusters"]
    return [cluster["clusterName"] for cluster in described if cluster["status"] == "ACTIVE"]


def _services(client: Client) -> list[str]:
    ecs = client("ecs")
    found: list[str] = []
    for cluster in _active_clusters(client):
        arns = ecs.list_services(cluster=cluster)["serviceArns"]
        services = ecs.describe_services(cluster=cluster, services=arns)["services"] if arns else []
        found += [service["serviceName"] for service in services if service["status"] == "ACTIVE"]
    return found


def _instances(client: Client) -> list[str]:
    reservations = client("ec2").describe_instances()["Reservations"]
    instances = [instance for reservation in reservations for instance in reservation["Instances"]]
    return [i["InstanceId"] for i in instances if i["State"]["Name"] != "terminated"]


def _of_ec2(operation: str, answer: str) -> Callable[[Client], list[str]]:
    """A reader of EC2 resources by id and name."""

    def names(client: Client) -> list[str]:
        found = getattr(client("ec2"), operation)()[answer]
        existing = (item for item in found if str(item.get("State")).lower() != "deleted")
        return [f"{_id(item)} {_tag(item)}" for item in existing]

    return names


def _id(described: dict[str, Any]) -> str:
    keys = ("GroupId", "VpcEndpointId", "SubnetId", "InternetGatewayId", "RouteTableId", "VpcId")
    return next(str(described[key]) for key in keys if key in described)


def _tag(described: dict[str, Any]) -> str:
    tags = {tag["Key"]: tag["Value"] for tag in described.get("Tags", [])}
    return tags.get("Name") or str(described.get("GroupName", ""))


def _listed(service: str, operation: str, answer: str, key: str = "") -> Callable[[Client], Any]:
    def names(client: Client) -> list[str]:
        arguments = {"AccountId": "000000000000"} if service == "budgets" else {}
        if service == "application-autoscaling":
            arguments = {"ServiceNamespace": "ecs"}
        found = getattr(client(service), operation)(**arguments).get(answer, [])
        return [str(item[key]) if key else str(item) for item in found]

    return names


_KINDS: dict[str, Callable[[Client], list[str]]] = {
    "alarm": _listed("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    "api": _listed("apigateway", "get_rest_apis", "items", "name"),
    "budget": _listed("budgets", "describe_budgets", "Budgets", "BudgetName"),
    "capacity provider": _listed("ecs", "describe_capacity_providers", "capacityProviders", "name"),
    "cluster": _active_clusters,
    "dashboard": _listed("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
    "event source mapping": _listed(
        "lambda", "list_event_source_mappings", "EventSourceMappings", "FunctionArn"
    ),
    "function": _listed("lambda", "list_functions", "Functions", "FunctionName"),
    "gateway": _of_ec2("describe_internet_gateways", "InternetGateways"),
    "group": _listed(
        "autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups", "AutoScalingGroupName"
    ),
    "instance": _instances,
    "instance profile": _listed(
        "iam", "list_instance_profiles", "InstanceProfiles", "InstanceProfileName"
    ),
    "launch template": _listed(
        "ec2", "describe_launch_templates", "LaunchTemplates", "LaunchTemplateName"
    ),
    "log group": _listed("logs", "describe_log_groups", "logGroups", "logGroupName"),
    "queue": _listed("sqs", "list_queues", "QueueUrls"),
    "repository": _listed("ecr", "describe_repositories", "repositories", "repositoryName"),
    "role": _listed("iam", "list_roles", "Roles", "RoleName"),
    "route table": _of_ec2("describe_route_tables", "RouteTables"),
    "rule": _listed("events", "list_rules", "Rules", "Name"),
    "scalable target": _listed(
        "application-autoscaling", "describe_scalable_targets", "ScalableTargets", "ResourceId"
    ),
    "scaling policy": _listed(
        "application-autoscaling", "describe_scaling_policies", "ScalingPolicies", "PolicyName"
    ),
    "security group": _of_ec2("describe_security_groups", "SecurityGroups"),
    "service": _services,
    "state machine": _listed("stepfunctions", "list_state_machines", "stateMachines", "name"),
    "subnet": _of_ec2("describe_subnets", "Subnets"),
    "table": _listed("dynamodb", "list_tables", "TableNames"),
    "task definition": _listed("ecs", "list_task_definitions", "taskDefinitionArns"),
    "topic": _listed("sns", "list_topics", "Topics", "TopicArn"),
    "vpc": _of_ec2("describe_vpcs", "Vpcs"),
    "vpc endpoint": _of_ec2("describe_vpc_endpoints", "VpcEndpoints"),
}
