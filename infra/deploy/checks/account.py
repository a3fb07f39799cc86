"""Whose account, and where."""

from infra.deploy.aws import Aws
from infra.deploy.checks.finding import Finding, bad, good
from infra.deploy.errors import AwsError

_NAME = "credentials"


def credentials(aws: Aws) -> Finding:
    """Whether AWS knows the credentials."""
    try:
        who = aws.identity()
    except AwsError as error:
        return bad(
            _NAME,
            str(error),
            "Sign in (`aws sso login`), or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY.",
        )
    return good(_NAME, f"account {who['Account']}, {who['Arn']}, region {aws.region}")
