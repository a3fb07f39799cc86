"""The revisions that a removed deployment leaves, in moto's ECS."""

import boto3
import pytest
from moto import mock_aws

from infra.deploy.aws import Aws
from infra.deploy.task_definitions import deregister_revisions

REGION = "us-east-2"


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


@mock_aws
def test_every_revision_of_the_family_is_deregistered_and_no_other() -> None:
    ecs = boto3.client("ecs", region_name=REGION)
    container = {"name": "worker", "image": "worker:v1", "memory": 128}
    for family in ("bot-prod-worker", "bot-prod-worker", "bot-prod-other"):
        ecs.register_task_definition(family=family, containerDefinitions=[container])
    assert deregister_revisions(Aws(REGION), "bot-prod-worker") == 2
    left = ecs.list_task_definitions(status="ACTIVE")["taskDefinitionArns"]
    assert [arn.rsplit("/", 1)[1] for arn in left] == ["bot-prod-other:1"]
    assert deregister_revisions(Aws(REGION), "bot-prod-worker") == 0
