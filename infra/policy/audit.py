"""Runs parliament on IAM policies, by the Python of the tools' own environment.

Standard input is JSON: policies by name. Standard output is JSON: findings as text. parliament's
command line is not used, because it reports findings that it is told to ignore, and leaves a file
in the machine's temporary folder.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import parliament  # type: ignore[import-not-found]

# Accepted findings, and why: a policy in JSON has no place for a comment.
JUSTIFIED = {
    # Step Functions has CloudWatch Logs deliver a state machine's log, and needs this right.
    # https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
    ("PERMISSIONS_MANAGEMENT_ACTIONS", "logs:putresourcepolicy"),
    # The login with which ECS pulls the worker's image; it grants only what this policy allows.
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
    ("CREDENTIALS_EXPOSURE", "ecr:getauthorizationtoken"),
    # A trust policy says who may take the role.
    ("CREDENTIALS_EXPOSURE", "sts:assumerole"),
}


def findings(name: str, policy: str) -> Iterator[str]:
    """Every finding in one policy that is not justified."""
    audited = parliament.analyze_policy_string(policy, name, include_community_auditors=True)
    for finding in audited.findings:
        actions = list(finding.location.get("actions", []))
        if {(finding.issue, action) for action in actions} <= JUSTIFIED and actions:
            continue
        yield f"{name}: {finding.issue} {finding.detail} {', '.join(actions)}".rstrip()


def main() -> None:
    """Print the findings in the policies on standard input."""
    auditors = Path(parliament.__file__).with_name("community_auditors")
    parliament.override_config(str(auditors / "config_override.yaml"))
    policies = json.load(sys.stdin)
    found = [text for name, policy in policies.items() for text in findings(name, policy)]
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
