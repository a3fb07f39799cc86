"""Operations of Lambda, Step Functions, ECS, ECR and Auto Scaling.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2autoscaling.html
"""

from collections.abc import Callable, Iterable

from ecs_fleet_emulator.iam.request import AuthorizationRequest

from .scope import Operation, Parameters, Scope, everywhere, on

_DEFAULT_CLUSTER = "default"


def _function(given: Parameters, scope: Scope) -> str:
    """The ARN of a function from its name, its ARN, or account:function:name."""
    name = given["FunctionName"]
    if not name.startswith("arn:"):
        name = scope.arn("lambda", f"function:{name.rpartition('function:')[2]}")
    qualifier = given.get("Qualifier")
    return f"{name}:{qualifier}" if qualifier else str(name)


def _cluster_name(given: Parameters) -> str:
    return str(given.get("cluster") or _DEFAULT_CLUSTER).rpartition("/")[2]


def _cluster(given: Parameters, scope: Scope) -> str:
    return scope.arn("ecs", f"cluster/{_cluster_name(given)}")


def _in_cluster(kind: str, name: str, given: Parameters, scope: Scope) -> str:
    """The ARN of a service, task or container instance, from its id or ARN."""
    if name.startswith("arn:"):
        return name
    return scope.arn("ecs", f"{kind}/{_cluster_name(given)}/{name.rpartition('/')[2]}")


def _each(action: str, kind: str, names: Callable[[Parameters], Iterable[str]]) -> Operation:
    """An operation on services, tasks or container instances; on all of the cluster without one."""

    def requests(given: Parameters, scope: Scope) -> Iterable[AuthorizationRequest]:
        keys = {"ecs:cluster": (_cluster(given, scope),)}
        return [
            AuthorizationRequest(action, _in_cluster(kind, name, given, scope), keys)
            for name in list(names(given)) or ["*"]
        ]

    return requests


def _providers(given: Parameters, scope: Scope) -> Iterable[AuthorizationRequest]:
    action = "ecs:DescribeCapacityProviders"
    names = given.get("capacityProviders") or []
    arns = [scope.arn("ecs", f"capacity-provider/{name}") for name in names]
    return [AuthorizationRequest(action, arn) for arn in arns or ["*"]]


def _run_task(given: Parameters, scope: Scope) -> Iterable[AuthorizationRequest]:
    """RunTask: the right to run the revision, and to pass its roles, or those of the overrides.

    A name without a revision stands for the latest one.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/security_iam_id-based-policy-examples.html
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    """
    found = scope.definition(given["taskDefinition"])
    keys = {"ecs:cluster": (_cluster(given, scope),)}
    revision = found.arn
    if not revision.startswith("arn:"):
        name = given["taskDefinition"].rpartition("/")[2]
        revision = scope.arn("ecs", f"task-definition/{name if ':' in name else f'{name}:*'}")
    yield AuthorizationRequest("ecs:RunTask", revision, keys)
    overrides = given.get("overrides") or {}
    roles = (
        overrides.get("taskRoleArn") or found.task,
        overrides.get("executionRoleArn") or found.execution,
    )
    passed = {"iam:passedtoservice": ("ecs-tasks.amazonaws.com",)}
    for role in sorted({role for role in roles if role}):
        yield AuthorizationRequest("iam:PassRole", role, passed)
    if given.get("tags"):
        tasks = scope.arn("ecs", f"task/{_cluster_name(given)}/*")
        created = {"ecs:createaction": ("RunTask",)}
        yield AuthorizationRequest("ecs:TagResource", tasks, created)


def _on_cluster(action: str) -> Operation:
    return on(action, _cluster)


def _instances(given: Parameters) -> Iterable[str]:
    return given.get("containerInstances") or []


def _instance(given: Parameters) -> Iterable[str]:
    """The instance whose tasks are listed; of all instances without it."""
    return [given.get("containerInstance") or "*"]


def _repository(given: Parameters, scope: Scope) -> str:
    return scope.arn("ecr", f"repository/{given['repositoryName']}")


def _repositories(given: Parameters, scope: Scope) -> Iterable[AuthorizationRequest]:
    return [
        AuthorizationRequest("ecr:DescribeRepositories", scope.arn("ecr", f"repository/{name}"))
        for name in given.get("repositoryNames") or ["*"]
    ]


def _group(given: Parameters, scope: Scope) -> str:
    return _group_arn(scope.group_arn(given["AutoScalingGroupName"]), scope)


def _group_arn(found: str, scope: Scope) -> str:
    if found.startswith("arn:"):
        return found
    return scope.arn("autoscaling", "autoScalingGroup:*:autoScalingGroupName/*")


_ON_EXECUTION = ("DescribeExecution", "GetExecutionHistory", "StopExecution")
_ON_MACHINE = ("DescribeStateMachine", "ListExecutions", "StartExecution", "StartSyncExecution")
_DESCRIPTIONS_OF_GROUPS = (
    "DescribeAutoScalingGroups",
    "DescribeAutoScalingInstances",
    "DescribeScalingActivities",
)
_ON_REPOSITORY = (
    "BatchCheckLayerAvailability",
    "BatchGetImage",
    "DescribeImages",
    "GetDownloadUrlForLayer",
)
_BY_AGENT_ON_CLUSTER = (
    "DeregisterContainerInstance",
    "RegisterContainerInstance",
    "SubmitAttachmentStateChanges",
    "SubmitContainerStateChange",
    "SubmitTaskStateChange",
)

OPERATIONS: dict[str, Operation] = {
    "lambda.Invoke": on("lambda:InvokeFunction", _function),
    "lambda.InvokeWithResponseStream": on("lambda:InvokeFunction", _function),
    "lambda.GetFunction": on("lambda:GetFunction", _function),
    **{
        f"stepfunctions.{name}": on(f"states:{name}", lambda given, _: given["stateMachineArn"])
        for name in _ON_MACHINE
    },
    **{
        f"stepfunctions.{name}": on(f"states:{name}", lambda given, _: given["executionArn"])
        for name in _ON_EXECUTION
    },
    "ecs.DescribeCapacityProviders": _providers,
    "ecs.DescribeContainerInstances": _each(
        "ecs:DescribeContainerInstances", "container-instance", _instances
    ),
    "ecs.DescribeServices": _each(
        "ecs:DescribeServices", "service", lambda given: given["services"]
    ),
    "ecs.DescribeTasks": _each("ecs:DescribeTasks", "task", lambda given: given["tasks"]),
    "ecs.DiscoverPollEndpoint": everywhere("ecs:DiscoverPollEndpoint"),
    "ecs.GetTaskProtection": _each(
        "ecs:GetTaskProtection", "task", lambda given: given.get("tasks") or []
    ),
    "ecs.ListContainerInstances": _on_cluster("ecs:ListContainerInstances"),
    "ecs.ListTasks": _each("ecs:ListTasks", "container-instance", _instance),
    "ecs.Poll": _each("ecs:Poll", "container-instance", _instance),
    "ecs.RunTask": _run_task,
    "ecs.StartTelemetrySession": _each(
        "ecs:StartTelemetrySession", "container-instance", _instance
    ),
    "ecs.StopTask": _each("ecs:StopTask", "task", lambda given: [given["task"]]),
    "ecs.UpdateContainerInstancesState": _each(
        "ecs:UpdateContainerInstancesState", "container-instance", _instances
    ),
    "ecs.UpdateService": _each("ecs:UpdateService", "service", lambda given: [given["service"]]),
    "ecs.UpdateTaskProtection": _each(
        "ecs:UpdateTaskProtection", "task", lambda given: given["tasks"]
    ),
    **{f"ecs.{name}": _on_cluster(f"ecs:{name}") for name in _BY_AGENT_ON_CLUSTER},
    "ecr.GetAuthorizationToken": everywhere("ecr:GetAuthorizationToken"),
    **{f"ecr.{name}": on(f"ecr:{name}", _repository) for name in _ON_REPOSITORY},
    "ecr.DescribeRepositories": _repositories,
    **{
        f"autoscaling.{name}": everywhere(f"autoscaling:{name}") for name in _DESCRIPTIONS_OF_GROUPS
    },
    "autoscaling.CompleteLifecycleAction": on("autoscaling:CompleteLifecycleAction", _group),
    "autoscaling.SetDesiredCapacity": on("autoscaling:SetDesiredCapacity", _group),
    "autoscaling.TerminateInstanceInAutoScalingGroup": on(
        "autoscaling:TerminateInstanceInAutoScalingGroup",
        lambda given, scope: _group_arn(scope.group_of_instance(given["InstanceId"]), scope),
    ),
}
