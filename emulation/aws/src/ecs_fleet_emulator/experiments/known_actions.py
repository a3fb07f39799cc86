"""The actions that experiments can have, and the types of resources that they act on.

Identifiers, parameters and names of targets are FIS's, but for `emulator:...`:
faults of the network between a program and AWS, which FIS does not have in this form.
https://docs.aws.amazon.com/fis/latest/userguide/fis-actions-reference.html
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

ROLE = "aws:iam:role"
INSTANCE = "aws:ec2:instance"
SPOT_INSTANCE = "aws:ec2:spot-instance"
TASK = "aws:ecs:task"
CLUSTER = "aws:ecs:cluster"
FUNCTION = "aws:lambda:function"

RESOURCE_TYPES = {
    INSTANCE: "An Amazon EC2 instance",
    SPOT_INSTANCE: "An Amazon EC2 Spot Instance",
    CLUSTER: "An Amazon ECS cluster",
    TASK: "An Amazon ECS task",
    ROLE: "An IAM role",
    FUNCTION: "An AWS Lambda function",
}
TARGET_PARAMETERS = {
    TASK: {
        "cluster": "The cluster that the tasks are in.",
        "service": "The service that the tasks are in.",
    },
}
"""Of targets, by the type of their resources; all are optional."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of an action."""

    description: str
    required: bool = True


@dataclass(frozen=True)
class Action:
    """An action. `targets` has the name of its target with a type of resources, or nothing."""

    id: str
    description: str
    targets: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Parameter] = field(default_factory=dict)


_DURATION = Parameter("The duration, from one minute to 12 hours, in ISO 8601.")
_PERCENTAGE = Parameter("The percentage of calls, from 1 to 100.")
_OF_ROLES = {
    "duration": _DURATION,
    "service": Parameter("The service whose API is called."),
    "percentage": _PERCENTAGE,
    "operations": Parameter("The operations, separated by commas."),
}
_OF_FUNCTIONS = {
    "duration": _DURATION,
    "invocationPercentage": Parameter("The percentage of invocations, from 1 to 100.", False),
}
_DELAY = Parameter("The delay in milliseconds.")


def _of_roles(name: str, description: str, **more: Parameter) -> Action:
    return Action(name, description, {"Roles": ROLE}, _OF_ROLES | more)


INTERNAL_ERROR = "aws:fis:inject-api-internal-error"
THROTTLE_ERROR = "aws:fis:inject-api-throttle-error"
UNAVAILABLE_ERROR = "aws:fis:inject-api-unavailable-error"
WAIT = "aws:fis:wait"
INTERRUPT = "aws:ec2:send-spot-instance-interruptions"
STOP_INSTANCES = "aws:ec2:stop-instances"
TERMINATE_INSTANCES = "aws:ec2:terminate-instances"
STOP_TASK = "aws:ecs:stop-task"
DRAIN = "aws:ecs:drain-container-instances"
ADD_DELAY = "aws:lambda:invocation-add-delay"
INVOCATION_ERROR = "aws:lambda:invocation-error"
API_DELAY = "emulator:inject-api-delay"
LOST_REQUEST = "emulator:inject-api-lost-request"
LOST_RESPONSE = "emulator:inject-api-lost-response"

_ALL = (
    _of_roles(INTERNAL_ERROR, "Requests of the roles fail with an internal error."),
    _of_roles(THROTTLE_ERROR, "Requests of the roles are throttled."),
    _of_roles(UNAVAILABLE_ERROR, "Requests of the roles find the service unavailable."),
    Action(WAIT, "Wait.", {}, {"duration": _DURATION}),
    Action(
        INTERRUPT,
        "Interrupt Spot instances.",
        {"SpotInstances": SPOT_INSTANCE},
        {
            "durationBeforeInterruption": Parameter(
                "The time until the interruption, from 2 to 15 minutes; the notice comes two"
                " minutes before it."
            )
        },
    ),
    Action(
        STOP_INSTANCES,
        "Stop instances.",
        {"Instances": INSTANCE},
        {
            "startInstancesAfterDuration": Parameter(
                "The time after which those that are still stopped are started.", False
            )
        },
    ),
    Action(TERMINATE_INSTANCES, "Terminate instances.", {"Instances": INSTANCE}),
    Action(STOP_TASK, "Stop tasks.", {"Tasks": TASK}),
    Action(
        DRAIN,
        "Drain a percentage of the container instances of clusters, until the end of the duration.",
        {"Clusters": CLUSTER},
        {
            "duration": _DURATION,
            "drainagePercentage": Parameter("The percentage of instances, from 1 to 100."),
        },
    ),
    Action(
        ADD_DELAY,
        "Invocations begin later; the delay counts towards the function's time-out.",
        {"Functions": FUNCTION},
        _OF_FUNCTIONS | {"startupDelayMilliseconds": Parameter(_DELAY.description, False)},
    ),
    Action(
        INVOCATION_ERROR,
        "Invocations fail.",
        {"Functions": FUNCTION},
        _OF_FUNCTIONS | {"preventExecution": Parameter("true: the function's code is not run.")},
    ),
    _of_roles(API_DELAY, "Requests of the roles act late.", delayMilliseconds=_DELAY),
    _of_roles(LOST_REQUEST, "The connection of a request ends before it acts."),
    _of_roles(LOST_RESPONSE, "The connection of a request ends after it has acted."),
)

ACTIONS: Mapping[str, Action] = {action.id: action for action in _ALL}
"""All actions, by their identifiers."""
