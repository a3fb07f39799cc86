"""Services of moto answer as AWS does, where moto alone does not."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from running_emulator import Emulator
from small_fleet import SmallFleet, add_scaling, make_fleet, register_definition

from emulation.rig.waiting import wait_until


@pytest.fixture
def stack(emulator: Emulator) -> SmallFleet:
    return make_fleet(
        emulator,
        f"m{uuid4().hex[:6]}",
        deploymentController={"type": "ECS"},
        deploymentConfiguration={
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            "maximumPercent": 150,
            "minimumHealthyPercent": 50,
        },
        enableECSManagedTags=True,
        propagateTags="SERVICE",
        tags=[{"key": "Project", "value": "demo"}],
    )


def test_a_service_keeps_all_its_parameters(stack: SmallFleet) -> None:
    service = stack.service()
    assert service["capacityProviderStrategy"] == [
        {"capacityProvider": f"{stack.name}-gpu", "weight": 1, "base": 0}
    ]
    assert service["deploymentController"] == {"type": "ECS"}
    assert service["deploymentConfiguration"] == {
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        "maximumPercent": 150,
        "minimumHealthyPercent": 50,
    }
    assert service["enableECSManagedTags"] is True
    assert service["schedulingStrategy"] == "REPLICA"
    assert "launchType" not in service


def test_a_service_in_bridge_mode_has_no_network_configuration(stack: SmallFleet) -> None:
    assert "networkConfiguration" not in stack.service()
    assert "networkConfiguration" not in json.dumps(stack.service()["deployments"], default=str)


def test_an_update_of_a_service_changes_the_named_parameters_only(stack: SmallFleet) -> None:
    before = stack.service()
    changed = stack.client("ecs").update_service(
        cluster=stack.name,
        service=stack.service_name,
        deploymentConfiguration={"maximumPercent": 100},
    )["service"]
    assert changed["deploymentConfiguration"]["maximumPercent"] == 100
    assert changed["deploymentConfiguration"]["minimumHealthyPercent"] == 50
    assert changed["capacityProviderStrategy"] == before["capacityProviderStrategy"]
    new = register_definition(stack)
    stack.client("ecs").update_service(
        cluster=stack.name, service=stack.service_name, taskDefinition=new.rsplit("/", 1)[-1]
    )
    assert stack.service()["taskDefinition"] == new


def test_an_existing_service_cannot_be_created_again(stack: SmallFleet) -> None:
    with pytest.raises(ClientError, match="not idempotent"):
        stack.client("ecs").create_service(
            cluster=stack.name,
            serviceName=stack.service_name,
            taskDefinition=stack.service_name,
            desiredCount=0,
        )


def test_a_task_definition_keeps_its_gpu_and_compatibilities(stack: SmallFleet) -> None:
    found = stack.client("ecs").describe_task_definition(taskDefinition=stack.service_name)
    definition = found["taskDefinition"]
    [container] = definition["containerDefinitions"]
    assert container["resourceRequirements"] == [{"type": "GPU", "value": "1"}]
    assert container["stopTimeout"] == 30
    assert container["logConfiguration"]["logDriver"] == "awslogs"
    assert (definition["requiresCompatibilities"], definition["networkMode"]) == (["EC2"], "bridge")


def test_a_capacity_provider_keeps_how_it_scales_protects_and_drains(stack: SmallFleet) -> None:
    ecs = stack.client("ecs")
    [found] = ecs.describe_capacity_providers(capacityProviders=[f"{stack.name}-gpu"])[
        "capacityProviders"
    ]
    details = found["autoScalingGroupProvider"]
    assert details["managedTerminationProtection"] == "ENABLED"
    assert details["managedDraining"] == "ENABLED"
    assert details["managedScaling"] == {
        "status": "ENABLED",
        "targetCapacity": 100,
        "minimumScalingStepSize": 1,
        "maximumScalingStepSize": 10000,
        "instanceWarmupPeriod": 60,
    }
    ecs.update_capacity_provider(
        name=f"{stack.name}-gpu", autoScalingGroupProvider={"managedDraining": "DISABLED"}
    )
    providers = ecs.describe_capacity_providers()["capacityProviders"]
    [changed] = [p for p in providers if p["name"] == f"{stack.name}-gpu"]
    assert changed["autoScalingGroupProvider"]["managedDraining"] == "DISABLED"


def test_a_group_keeps_its_mixed_instances_policy_through_an_update(stack: SmallFleet) -> None:
    autoscaling = stack.client("autoscaling")
    before = stack.group()["MixedInstancesPolicy"]
    autoscaling.update_auto_scaling_group(
        AutoScalingGroupName=stack.service_name, MaxSize=7, HealthCheckGracePeriod=0
    )
    group = stack.group()
    assert group["MixedInstancesPolicy"] == before
    assert before["InstancesDistribution"]["OnDemandPercentageAboveBaseCapacity"] == 0
    assert (group["MaxSize"], group["HealthCheckGracePeriod"]) == (7, 0)
    assert group["NewInstancesProtectedFromScaleIn"] is True


def test_a_new_desired_capacity_launches_no_instance_at_once(stack: SmallFleet) -> None:
    stack.client("autoscaling").set_desired_capacity(
        AutoScalingGroupName=stack.service_name, DesiredCapacity=1
    )
    group = stack.group()
    assert group["DesiredCapacity"] == 1
    assert {i["LifecycleState"] for i in group["Instances"]} <= {"Pending"}
    stack.client("autoscaling").delete_auto_scaling_group(
        AutoScalingGroupName=stack.service_name, ForceDelete=True
    )


def test_later_versions_of_a_launch_template_can_be_launched(emulator: Emulator) -> None:
    ec2 = emulator.client("ec2")
    name = f"template-{uuid4().hex[:6]}"
    tags = [{"Key": "Project", "Value": "demo"}]
    ec2.create_launch_template(
        LaunchTemplateName=name,
        LaunchTemplateData={"InstanceType": "g4dn.xlarge"},
        TagSpecifications=[{"ResourceType": "launch-template", "Tags": tags}],
    )
    ec2.create_launch_template_version(
        LaunchTemplateName=name, LaunchTemplateData={"UserData": "aGVsbG8="}
    )
    [template] = ec2.describe_launch_templates(LaunchTemplateNames=[name])["LaunchTemplates"]
    assert template["Tags"] == tags
    versions = ec2.describe_launch_template_versions(LaunchTemplateName=name)
    data = {v["VersionNumber"]: v["LaunchTemplateData"] for v in versions["LaunchTemplateVersions"]}
    assert "TagSpecifications" not in data[1]
    assert data[2]["UserData"] == "aGVsbG8="


def test_scalable_targets_have_tags(stack: SmallFleet) -> None:
    scaling = stack.client("application-autoscaling")
    arn = scaling.register_scalable_target(
        ServiceNamespace="ecs",
        ResourceId=f"service/{stack.name}/{stack.service_name}",
        ScalableDimension="ecs:service:DesiredCount",
        MinCapacity=0,
        MaxCapacity=3,
        Tags={"Project": "demo"},
    )["ScalableTargetARN"]
    scaling.tag_resource(ResourceARN=arn, Tags={"Environment": "dev"})
    scaling.untag_resource(ResourceARN=arn, TagKeys=["Project"])
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"Environment": "dev"}
    with pytest.raises(ClientError) as caught:
        scaling.list_tags_for_resource(ResourceARN=f"{arn}x")
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_an_alarm_keeps_its_tags(emulator: Emulator) -> None:
    client = emulator.client("cloudwatch")
    name = f"alarm-{uuid4().hex[:6]}"
    client.put_metric_alarm(
        AlarmName=name,
        Namespace="n",
        MetricName="m",
        Statistic="Maximum",
        Period=10,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        Tags=[{"Key": "Project", "Value": "demo"}],
    )
    arn = client.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["AlarmArn"]
    found = client.list_tags_for_resource(ResourceARN=arn)["Tags"]
    assert found == [{"Key": "Project", "Value": "demo"}]
    client.delete_alarms(AlarmNames=[name])


def total(emulator: Emulator, namespace: str, metric: str, **dimension: str) -> float:
    """The sum of a metric over the last hour."""
    now = datetime.now(UTC)
    found = emulator.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimension.items()],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=7200,
        Statistics=["Sum"],
    )
    return sum(point["Sum"] for point in found["Datapoints"])


def test_a_queue_counts_its_messages_and_their_bytes(emulator: Emulator) -> None:
    sqs, name = emulator.client("sqs"), f"queue-{uuid4().hex[:6]}"
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    for body in ("a", "b", "four"):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1)

    def counted() -> list[float]:
        names = ("NumberOfMessagesSent", "SentMessageSize", "NumberOfMessagesReceived")
        return [total(emulator, "AWS/SQS", metric, QueueName=name) for metric in names]

    wait_until(lambda: counted() == [3, 6, 1], "the samples are published", 20)


def test_values_counts_and_statistics_of_one_request_are_all_stored(emulator: Emulator) -> None:
    client, namespace = emulator.client("cloudwatch"), f"n-{uuid4().hex[:6]}"
    many = {"SampleCount": 4, "Sum": 8, "Minimum": 1, "Maximum": 3}
    client.put_metric_data(
        Namespace=namespace,
        MetricData=[
            {"MetricName": "one", "Value": 2},
            {"MetricName": "some", "Values": [1, 5], "Counts": [2, 3], "Unit": "Count"},
            {"MetricName": "many", "StatisticValues": many},
        ],
    )
    names = ("one", "some", "many")
    assert [total(emulator, namespace, name) for name in names] == [2, 17, 8]


def test_set_alarm_state_carries_out_the_policy_by_the_latest_data_point(
    stack: SmallFleet,
) -> None:
    add_scaling(stack)
    stack.change_fleet("deny-capacity")
    stack.publish(4)
    stack.client("cloudwatch").set_alarm_state(
        AlarmName=f"{stack.name}-out", StateValue="ALARM", StateReason="a test"
    )
    stack.wait(lambda: stack.service()["desiredCount"] == 1, "the policy is carried out")
    names = [f"{stack.name}-out", f"{stack.name}-in"]
    stack.client("cloudwatch").delete_alarms(AlarmNames=names)
    stack.set_desired_count(0)
    stack.change_fleet("allow-capacity")


def test_the_current_gpu_ami_of_ecs_is_a_public_parameter(emulator: Emulator) -> None:
    name = "/aws/service/ecs/optimized-ami/amazon-linux-2023/gpu/recommended/image_id"
    value = emulator.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
    assert value.startswith("ami-")


def test_a_repository_keeps_its_lifecycle_policy_and_scans(emulator: Emulator) -> None:
    ecr = emulator.client("ecr")
    name = f"worker-{uuid4().hex[:6]}"
    ecr.create_repository(
        repositoryName=name,
        imageTagMutability="IMMUTABLE",
        imageScanningConfiguration={"scanOnPush": True},
    )
    rule: dict[str, Any] = {
        "rulePriority": 1,
        "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 10},
        "action": {"type": "expire"},
    }
    ecr.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=json.dumps({"rules": [rule]}))
    [found] = ecr.describe_repositories(repositoryNames=[name])["repositories"]
    assert found["imageScanningConfiguration"] == {"scanOnPush": True}
    assert found["imageTagMutability"] == "IMMUTABLE"
    kept = ecr.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"]
    assert json.loads(kept) == {"rules": [rule]}
