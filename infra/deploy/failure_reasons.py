"""What AWS's words about a failed launch or a stopped task mean, and what a person can do.

The texts come from Auto Scaling's activities, from the `stoppedReason` of tasks and from the events
of the service; the first row that matches counts.
https://docs.aws.amazon.com/autoscaling/ec2/userguide/CHAP_Troubleshooting.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """A row: AWS's words, what they mean, and the remedy."""

    words: str
    """A regular expression; case does not count."""
    meaning: str
    to_do: str


_PULL = "CannotPull|pull access|image pull"

LAUNCHES = (
    Reason(
        "MaxSpotInstanceCountExceeded|max spot instance count",
        "the account's quota of Spot vCPUs is used up",
        "Ask for more, or lower fleet.maximum_tasks: `python -m infra.deploy preflight` prints the "
        "request.",
    ),
    Reason(
        "VcpuLimitExceeded|current vCPU limit|InstanceLimitExceeded",
        "the account's quota of on-demand vCPUs is used up",
        "Ask for more, or lower fleet.maximum_tasks: `python -m infra.deploy preflight` prints the "
        "request.",
    ),
    Reason(
        "sufficient .*capacity|InsufficientInstanceCapacity|UnfulfillableCapacity|"
        "capacity-not-available|no Spot capacity",
        "AWS has no GPU instance of these types to give now",
        "Wait, or name more types in fleet.instance_types, lower fleet.spot_percentage, or choose "
        "another region.",
    ),
    Reason(
        "ServiceLinkedRoleCreationNotPermitted|service-linked role",
        "a service-linked role is missing",
        "`make deploy-aws` offers to make it.",
    ),
    Reason(
        "InvalidAMIID|InvalidSsmParameter|image id .* does not exist|parameter .*not found",
        "the instances' image does not exist",
        "Correct fleet.ami; the preflight looks it up.",
    ),
    Reason(
        "not supported in your requested Availability Zone|Unsupported",
        "a zone does not have the instance type",
        "Take the type out of fleet.instance_types, or let the deployment make its own VPC.",
    ),
    Reason(
        "KMS|Client\\.InternalError",
        "the instance's disk could not be encrypted or decrypted",
        "Let AWSServiceRoleForAutoScaling use the account's default key for EBS.",
    ),
    Reason(
        "UnauthorizedOperation|not authorized",
        "a policy of the account or organization forbids the launch",
        "Ask whoever manages the account to allow it; the message names the action.",
    ),
)

TASKS = (
    Reason(
        f"({_PULL}).*(not found|manifest unknown|does not exist|repository.*missing)",
        "the worker's image is not in the registry",
        "`make deploy-aws` pushes it again; with --image, correct the name.",
    ),
    Reason(
        f"({_PULL}).*(no basic auth|denied|403|not authorized|credentials)",
        "the instance may not fetch the worker's image",
        "Compare the task execution role with what `make deploy-aws` makes; an image in another "
        "account has to allow this one.",
    ),
    Reason(
        f"({_PULL}|CannotCreate|CannotStart).*no space left",
        "the instance's disk is too small for the image",
        "Raise fleet.root_volume.size_gb, or take types with an instance store.",
    ),
    Reason(
        f"({_PULL}).*(timeout|timed out|dial tcp|i/o|TLS|connection)",
        "the instance does not reach the registry",
        "Its subnet needs a route to an internet gateway and public addresses: "
        "network = { create_vpc = true } makes such subnets.",
    ),
    Reason(
        f"({_PULL}|CannotStart).*(platform|exec format)",
        "the image is for another processor than the instances'",
        "Build it for linux/amd64, or take instance types of the image's architecture.",
    ),
    Reason(
        _PULL, "the worker's image could not be fetched", "Read the message; then deploy again."
    ),
    Reason(
        "nvidia|could not select device driver|libcuda|no CUDA|unknown runtime",
        "the instance gives its tasks no GPU",
        "fleet.ami has to be an ECS image with GPU drivers; without fleet.ami it is AWS's own.",
    ),
    Reason(
        "OutOfMemory|out of memory",
        "the task used up the instance's memory",
        "Raise fleet.task_memory_mb, or take larger types.",
    ),
    Reason(
        "ResourceInitializationError|log group|awslogs|CannotStart|CannotCreate",
        "the container could not be started",
        "Read the message; the task execution role needs the rights that `make deploy-aws` gives.",
    ),
    Reason(
        "failed container health checks",
        "the worker made no progress for 10 minutes, so ECS replaced it",
        "Read the last lines of its log: they say where it stands.",
    ),
    Reason(
        "Spot interruption|Host EC2|container instance is draining|capacity-rebalance",
        "its instance was taken back",
        "Nothing: its jobs go on elsewhere. Often: lower fleet.spot_percentage.",
    ),
    Reason(
        r"exit(ed with)? (code|status) 2\b",
        "the worker's settings are wrong",
        "The last line of its log names the setting.",
    ),
    Reason(
        r"exit(ed with)? (code|status) 3\b",
        "the worker cannot load its model",
        "Its log says why; correct worker.model, or build the image again.",
    ),
    Reason(
        r"exit(ed with)? (code|status) 4\b",
        "the pipeline hung, its GPU was lost, or its model drew no more: the worker gave its jobs "
        "back and ended itself",
        "Nothing, if a new task goes on. If new tasks end so, too, their log says why; the fleet "
        "ends an instance whose tasks fail.",
    ),
    Reason(
        r"exit(ed with)? (code|status) (137|-9)\b",
        "the worker was killed, most often for memory",
        "Raise fleet.task_memory_mb, or take larger types.",
    ),
    Reason(
        "Essential container in task exited|exit(ed with)? (code|status)",
        "the worker ended by itself",
        "Read the last lines of its log.",
    ),
)

EVENTS = (
    Reason(
        "unable to place a task.*(GPU|gpu)",
        "no instance in the cluster has a free GPU",
        "If instances run: fleet.ami has to be an ECS image with GPU drivers.",
    ),
    Reason(
        "unable to consistently start tasks|deployment failed|tasks failed to start",
        "tasks start and fail again and again",
        "The reasons of the stopped tasks say why.",
    ),
)


def explain(text: str, reasons: tuple[Reason, ...]) -> Reason | None:
    """The row for AWS's words, None if they are unknown here."""
    return next((row for row in reasons if re.search(row.words, text, re.I | re.S)), None)
