"""Tags of ECS's resources, and those that tasks get of their service and their definition."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from small_fleet import SmallFleet

Tags = dict[str, str]


def as_list(tags: Tags) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]


def as_dict(tags: list[dict[str, str]]) -> Tags:
    return {one["key"]: one["value"] for one in tags}


def shown(fleet: SmallFleet, arn: str) -> Tags:
    return as_dict(fleet.client("ecs").list_tags_for_resource(resourceArn=arn)["tags"])


def test_every_resource_has_tags_and_tasks_those_of_their_service(fleet: SmallFleet) -> None:
    ecs, service = fleet.client("ecs"), fleet.service_name
    arn = fleet.service()["serviceArn"]
    ecs.tag_resource(resourceArn=arn, tags=as_list({"team": "blue", "gone": "soon"}))
    ecs.untag_resource(resourceArn=arn, tagKeys=["gone"])
    ecs.update_service(
        cluster=fleet.name, service=service, propagateTags="SERVICE", enableECSManagedTags=True
    )
    [task] = fleet.run_tasks()
    managed = {"aws:ecs:clusterName": fleet.name, "aws:ecs:serviceName": service}
    assert shown(fleet, task["taskArn"]) == {"team": "blue"} | managed
    with_tags: dict[str, Any] = {"cluster": fleet.name, "include": ["TAGS"]}
    [found] = ecs.describe_tasks(**with_tags, tasks=[task["taskArn"]])["tasks"]
    assert as_dict(found["tags"]) == {"team": "blue"} | managed
    assert "tags" not in task
    instance = task["containerInstanceArn"]
    provider = ecs.describe_capacity_providers(capacityProviders=[f"{fleet.name}-gpu"])
    cluster = ecs.describe_clusters(clusters=[fleet.name])["clusters"][0]["clusterArn"]
    arns = {
        "instance": instance,
        "provider": provider["capacityProviders"][0]["capacityProviderArn"],
        "cluster": cluster,
        "definition": task["taskDefinitionArn"],
        "task": task["taskArn"],
    }
    for name, one in arns.items():
        ecs.tag_resource(resourceArn=one, tags=as_list({"of": name}))
        assert shown(fleet, one)["of"] == name
    named = {"cluster": fleet.name, "containerInstances": [instance]}
    for include, tags in ((["TAGS"], as_list({"of": "instance"})), ([], [])):
        [found] = ecs.describe_container_instances(**named, include=include)["containerInstances"]
        assert found.get("tags", []) == tags
    described = ecs.describe_task_definition(
        taskDefinition=task["taskDefinitionArn"], include=["TAGS"]
    )
    assert as_dict(described["tags"]) == {"of": "definition"}
    provided = ecs.describe_capacity_providers(
        capacityProviders=[f"{fleet.name}-gpu"], include=["TAGS"]
    )
    assert as_dict(provided["capacityProviders"][0]["tags"]) == {"of": "provider"}
    ecs.update_service(
        cluster=fleet.name,
        service=service,
        propagateTags="TASK_DEFINITION",
        enableECSManagedTags=False,
        forceNewDeployment=True,
    )
    [other] = fleet.wait(
        lambda: [t for t in fleet.running() if t["taskArn"] != task["taskArn"]], "another one runs"
    )
    assert shown(fleet, other["taskArn"]) == {"of": "definition"}
    [alone] = ecs.run_task(
        cluster=fleet.name,
        taskDefinition=service,
        capacityProviderStrategy=[{"capacityProvider": f"{fleet.name}-gpu", "weight": 1}],
        tags=as_list({"of": "request"}),
        propagateTags="TASK_DEFINITION",
        enableECSManagedTags=True,
    )["tasks"]
    assert shown(fleet, alone["taskArn"]) == {
        "of": "request",
        "aws:ecs:clusterName": fleet.name,
    }
    ecs.stop_task(cluster=fleet.name, task=alone["taskArn"])


def test_tags_that_aws_does_not_take_are_refused(fleet: SmallFleet) -> None:
    ecs, arn = fleet.client("ecs"), fleet.service()["serviceArn"]
    with pytest.raises(ClientError, match="begins with aws:"):
        ecs.tag_resource(resourceArn=arn, tags=as_list({"aws:mine": "x"}))
    missing = arn.replace(fleet.service_name, "nobody")
    with pytest.raises(ClientError, match="ServiceNotFoundException"):
        ecs.list_tags_for_resource(resourceArn=missing)
    assert shown(fleet, arn) == {}
