"""Which resources of an account belong to a deployment, by their names."""

from typing import Any

from infra.deploy.existing_resources import existing
from tests.deployments import deployment
from tests.stubbed_aws import Refused, StubbedAws

QUEUES = "https://sqs.us-east-2.amazonaws.com/123456789012"


def account(*environments: str) -> StubbedAws:
    """An account with the queues, the log groups and the table of these environments."""
    found = [deployment(environment=name) for name in environments]
    names = [name for one in found for name in (one.queue, one.dead_letter_queue)]
    logs = [{"logGroupName": name} for one in found for name in one.log_groups]
    answers: dict[str, dict[str, Any]] = {
        "sqs": {"list_queues": {"QueueUrls": [f"{QUEUES}/{name}" for name in names]}},
        "logs": {"describe_log_groups": {"logGroups": logs}},
        "dynamodb": {"list_tables": {"TableNames": [one.table for one in found]}},
        "ecr": {"describe_repositories": Refused("RepositoryNotFoundException")},
        "iam": {"get_role": Refused("NoSuchEntity")},
        "autoscaling": {"describe_auto_scaling_groups": {"AutoScalingGroups": []}},
    }
    return StubbedAws(answers=answers)


def test_names_that_begin_with_a_deployments_are_those_of_another_one() -> None:
    assert list(existing(account("prod-eu", "prod2"), deployment(environment="prod"))) == []


def test_a_deployments_own_queues_logs_and_table_are_found() -> None:
    found = list(existing(account("prod", "prod-eu"), deployment(environment="prod")))
    assert [line.split(" ")[0] for line in found] == ["SQS", "log", "DynamoDB"]
    assert "prod-eu" not in " ".join(found)
    assert "discord-diffusion-prod-jobs-dead-letters.fifo" in found[0]
