"""The principals and policies of the emulated accounts, as moto and LocalStack keep them."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

from localstack.aws.api import RequestContext
from localstack.utils.aws.request_context import extract_access_key_id_from_auth_header
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from ecs_fleet_emulator.errors import UnknownCredentialsError

from .decision import Policies
from .operations.scope import DefinitionRoles, Scope
from .policy import Policy, parse
from .principals import Principal, service_principal
from .request import AuthorizationRequest

PARTITION = "aws"
_TEMPORARY = ("ASIA", "LSIA")
_LONG_TERM = ("AKIA", "LKIA")
_sessions: dict[str, Any] = {}


def caller(context: RequestContext) -> Principal:
    """Who makes a request.

    Keys that AWS could not have made, such as `test`, are the root user's, and so are the calls of
    the emulator itself that are not made for a service.

    Raises:
        UnknownCredentialsError: the access key is one of AWS's form that nobody has.
    """
    key = extract_access_key_id_from_auth_header(context.request.headers) or ""
    account = context.account_id
    if key.startswith(_TEMPORARY):
        return _role(_session(key, account))
    if key.startswith(_LONG_TERM):
        return _user(key, account)
    internal = context.internal_request_params or {}
    if service := internal.get("service_principal"):
        return service_principal(service, context.region)
    return Principal(f"arn:{PARTITION}:iam::{account}:root", account, root=True)


def _session(key: str, account: str) -> Any:
    """moto's record of a role's session. The newest sessions are the ones that are looked up."""
    if key not in _sessions:
        found = (one for one in reversed(_assumed_roles(account)) if one.access_key_id == key)
        session = next(found, None)
        if session is None:
            raise UnknownCredentialsError(key)
        _sessions[key] = session
    return _sessions[key]


def _assumed_roles(account: str) -> list[Any]:
    accounts = {account, *sts_backends}
    return [one for name in accounts for one in sts_backends[name][PARTITION].assumed_roles]


def _role(session: Any) -> Principal:
    account = session.role_arn.split(":")[4]
    return Principal(session.arn, account, role_arn=session.role_arn)


def _user(key: str, account: str) -> Principal:
    for user in list(iam_backends[account][PARTITION].users.values()):
        if any(one.access_key_id == key for one in user.access_keys):
            return Principal(user.arn, account)
    raise UnknownCredentialsError(key)


def role_arn(account: str, name: str) -> str:
    """The ARN of an account's role by its name; of a role without a path if there is none."""
    roles = iam_backends[account][PARTITION].roles.values()
    known = next((one.arn for one in list(roles) if one.name == name), None)
    return str(known or f"arn:{PARTITION}:iam::{account}:role/{name}")


def role(arn: str) -> Any | None:
    """moto's record of a role; None if there is no such role."""
    account = arn.split(":")[4]
    roles = list(iam_backends[account][PARTITION].roles.values())
    return next((one for one in roles if one.arn == arn), None)


def roles(account: str) -> list[Any]:
    """moto's records of all roles of an account."""
    return list(iam_backends[account][PARTITION].roles.values())


def role_of_profile(account: str, profile: Mapping[str, str]) -> str | None:
    """The ARN of the role of an instance profile, by the profile's `Arn` or `Name`."""
    name = profile.get("Name") or profile.get("Arn", "").rpartition("/")[2]
    for one in list(iam_backends[account][PARTITION].instance_profiles.values()):
        if one.name == name and one.roles:
            return str(one.roles[0].arn)
    return None


def identity_policies(entity: Any) -> Iterable[Policy]:
    """The inline and managed policies of a role, a user or a group."""
    inline = entity.policies
    for document in list(inline.values() if isinstance(inline, dict) else inline):
        yield parse(_text(document))
    for managed in list(entity.managed_policies.values()):
        yield parse(_text(_default_version(managed)))


def _default_version(managed: Any) -> Any:
    versions = (one for one in managed.versions if one.version_id == managed.default_version_id)
    return next(versions).document


def _text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)


def policies(principal: Principal, request: AuthorizationRequest, session_key: str) -> Policies:
    """All policies that count for a request."""
    identity: tuple[Policy, ...] = ()
    boundary = session = None
    if principal.role_arn:
        entity = role(principal.role_arn)
        if entity is not None:
            identity = tuple(identity_policies(entity))
            boundary = _boundary(entity, principal.account)
        record = _sessions.get(session_key)
        session = parse(record.policy) if record is not None and record.policy else None
    elif not principal.service:
        identity = tuple(_of_user(principal))
    return Policies(identity, boundary, session, resource_policy(request))


def _boundary(entity: Any, account: str) -> Policy | None:
    if not entity.permissions_boundary_arn:
        return None
    backend = iam_backends[account][PARTITION]
    return parse(_text(_default_version(backend.get_policy(entity.permissions_boundary_arn))))


def _of_user(principal: Principal) -> Iterable[Policy]:
    backend = iam_backends[principal.account][PARTITION]
    user = backend.get_user(principal.arn.rpartition("/")[2])
    yield from identity_policies(user)
    for group in backend.get_groups_for_user(user.name):
        yield from identity_policies(group)


def resource_policy(request: AuthorizationRequest) -> Policy | None:
    """The policy of the resource of a request; None if it has none."""
    service = request.action.partition(":")[0].lower()
    if service not in _RESOURCE_POLICIES or request.resource.count(":") < 5:
        return None
    document = _RESOURCE_POLICIES[service](*request.resource.split(":", 5)[3:])
    return parse(_text(document)) if document else None


def _of_queue(region: str, account: str, name: str) -> Any:
    from localstack.services.sqs.models import sqs_stores

    queue = sqs_stores[account][region].queues.get(name)
    return queue.attributes.get("Policy") if queue else None


def _of_topic(region: str, account: str, name: str) -> Any:
    from localstack.services.sns.models import sns_stores

    topics = sns_stores[account][region].topics
    topic = next((one for arn, one in topics.items() if arn.endswith(f":{name}")), None)
    return topic["attributes"].get("Policy") if topic else None


def _of_function(region: str, account: str, resource: str) -> Any:
    from localstack.services.lambda_.invocation.models import lambda_stores

    _, name, *qualifier = resource.split(":")
    function = lambda_stores[account][region].functions.get(name)
    found = function.permissions.get(qualifier[0] if qualifier else "$LATEST") if function else None
    return asdict(found.policy) if found else None


def _of_role(_region: str, account: str, resource: str) -> Any:
    found = role(f"arn:{PARTITION}:iam::{account}:{resource}")
    return found.assume_role_policy_document if found else None


def _of_repository(region: str, account: str, resource: str) -> Any:
    from moto.ecr.models import ecr_backends

    found = ecr_backends[account][region].repositories.get(resource.removeprefix("repository/"))
    return found.policy if found else None


_RESOURCE_POLICIES: dict[str, Callable[[str, str, str], Any]] = {
    "ecr": _of_repository,
    "lambda": _of_function,
    "sns": _of_topic,
    "sqs": _of_queue,
    "sts": _of_role,
}


def scope(account: str, region: str) -> Scope:
    """Account and region, with what is looked up in them."""

    def group_arn(name: str) -> str:
        group = _groups(account, region).get(name)
        return str(group.arn) if group else "*"

    def group_of_instance(instance_id: str) -> str:
        for group in list(_groups(account, region).values()):
            if any(state.instance.id == instance_id for state in group.instance_states):
                return str(group.arn)
        return "*"

    def partition_key(table: str) -> str:
        from moto.dynamodb.models import dynamodb_backends

        found = dynamodb_backends[account][region].tables.get(table.rpartition("/")[2])
        return str(found.hash_key_attr) if found else "*"

    def definition(name: str) -> DefinitionRoles:
        from moto.ecs.exceptions import TaskDefinitionNotFoundException
        from moto.ecs.models import ecs_backends

        try:
            found = ecs_backends[account][region].describe_task_definition(name)
        except TaskDefinitionNotFoundException:
            return DefinitionRoles("*")
        # moto has no attribute for a role that was not given; ECS takes a role's name, too.
        given = (getattr(found, kind, "") for kind in ("task_role_arn", "execution_role_arn"))
        task, execution = (
            one if not one or one.startswith("arn:") else role_arn(account, one) for one in given
        )
        return DefinitionRoles(str(found.arn), task, execution)

    return Scope(
        account, region, PARTITION, group_arn, group_of_instance, partition_key, definition
    )


def _groups(account: str, region: str) -> dict[str, Any]:
    from moto.autoscaling.models import autoscaling_backends

    groups: dict[str, Any] = autoscaling_backends[account][region].autoscaling_groups
    return groups
