"""The address of the image's repository, in moto's ECR."""

import boto3
import pytest
from moto import mock_aws

from infra.deploy import image
from infra.deploy.aws import Aws
from infra.deploy.errors import AwsError


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


@mock_aws
def test_the_address_is_the_one_that_ecr_gives() -> None:
    ecr = boto3.client("ecr", region_name="us-east-2")
    made = ecr.create_repository(repositoryName="bot-prod-worker")["repository"]
    assert image.address(Aws("us-east-2"), "bot-prod-worker") == made["repositoryUri"]


@mock_aws
def test_a_missing_repository_is_an_error_that_says_so() -> None:
    with pytest.raises(AwsError, match="RepositoryNotFound"):
        image.address(Aws("us-east-2"), "bot-prod-worker")
