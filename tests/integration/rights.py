"""Which rights of the deployment's roles the tests use, and why some are never used.

A right is a role, without the deployment's prefix, and an action. Each module that USED_BY names
ends with `assert_used`; the fleet's scenarios use all others, or fail.
"""

from collections.abc import Iterable, Mapping

from emulation.rig.emulator_client import rights_report
from emulation.rig.state import StackState

Right = tuple[str, str]

NEVER_USED: frozenset[Right] = frozenset(
    {
        # The ECS agent asks for them when it is taken out of its cluster by hand, and for network
        # interfaces of tasks, which the worker's network mode has not. AWS names them all the same.
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/instance_IAM_role.html
        ("instance", "ecs:DeregisterContainerInstance"),
        ("instance", "ecs:SubmitAttachmentStateChanges"),
        # API Gateway takes only a role with all that AWS's own policy for it allows.
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
        *(
            ("api-gateway-logs", f"logs:{name}")
            for name in (
                *("DescribeLogGroups", "DescribeLogStreams"),
                *("FilterLogEvents", "GetLogEvents"),
            )
        ),
    }
)

# What services ask for when they are given a role: a stack that is restored was not.
_OF_THE_DEPLOYMENT: frozenset[Right] = frozenset(
    {
        *(
            ("api-gateway-logs", f"logs:{name}")
            for name in ("CreateLogGroup", "CreateLogStream", "PutLogEvents")
        ),
        *(
            (machine, f"logs:{name}")
            for machine in ("wake", "scaling", "confirm")
            for name in (
                *("CreateLogDelivery", "DeleteLogDelivery", "GetLogDelivery"),
                *("ListLogDeliveries", "UpdateLogDelivery", "DescribeLogGroups"),
                *("DescribeResourcePolicies", "PutResourcePolicy"),
            )
        ),
        ("dead-letters", "sqs:GetQueueAttributes"),
    }
)

USED_BY: Mapping[str, frozenset[Right]] = {
    "test_deploy_rehearsal": _OF_THE_DEPLOYMENT,
    # What the scaling loop does about instances and tasks that do not start.
    "test_fleet_faults": frozenset(
        {
            *(
                ("backlog", action)
                for action in (
                    *("autoscaling:CompleteLifecycleAction", "autoscaling:SetDesiredCapacity"),
                    *("dynamodb:GetItem", "ecs:UpdateService"),
                )
            ),
            # A job that is ended while its user waits.
            ("waiting", "dynamodb:GetItem"),
        }
    ),
    # Dead letters, and messages that are given back: a scenario may do without.
    "test_job_failures": frozenset(
        {
            *(
                ("dead-letters", action)
                for action in (
                    *("cloudwatch:PutMetricData", "dynamodb:GetItem", "dynamodb:UpdateItem"),
                    *("logs:CreateLogStream", "logs:PutLogEvents", "sqs:DeleteMessage"),
                )
            ),
            ("task", "sqs:ChangeMessageVisibility"),
        }
    ),
    # What a button does again, and what "Show parameters" shows.
    "test_channel_buttons": frozenset({("interactions", "dynamodb:GetItem")}),
    # The command `/queue`.
    "test_channel_limits": frozenset({("interactions", "dynamodb:Query")}),
}
USED_ELSEWHERE: frozenset[Right] = frozenset().union(*USED_BY.values())


def used(state: StackState, prefix: str = "") -> set[Right]:
    """The rights of a stack's deployment, or of that with a prefix, that were used so far."""
    found = rights_report(state.aws_endpoint).used
    return _of_deployment(found, prefix or state.ecs_cluster_name)


def unused(state: StackState) -> set[Right]:
    """The rights of a stack's deployment that were not."""
    return _of_deployment(rights_report(state.aws_endpoint).unused, state.ecs_cluster_name)


def assert_used(module: str, state: StackState, prefix: str = "") -> None:
    """Fail if a module's tests have not used the rights that it is named for."""
    missing = USED_BY[module.rpartition(".")[2]] - used(state, prefix)
    assert not missing, f"{sorted(missing)} were not used"


def _of_deployment(found: Mapping[str, Iterable[str]], prefix: str) -> set[Right]:
    return {
        (role.removeprefix(f"{prefix}-"), action)
        for role, actions in found.items()
        if role.startswith(f"{prefix}-")
        for action in actions
    }
