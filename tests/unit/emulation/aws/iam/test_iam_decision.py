"""The evaluation of policies: what AWS documents about each kind of policy."""

import json
from typing import Any

import pytest

from ecs_fleet_emulator.errors import NotMappedError
from ecs_fleet_emulator.iam.decision import Policies, decide
from ecs_fleet_emulator.iam.policy import Policy, parse
from ecs_fleet_emulator.iam.principals import Principal, service_principal
from ecs_fleet_emulator.iam.request import AuthorizationRequest

ACCOUNT = "111122223333"
QUEUE = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:jobs"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/worker"
SESSION_ARN = f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/task"
ROLE = Principal(SESSION_ARN, ACCOUNT, role_arn=ROLE_ARN)
SNS = service_principal("sns")
SEND = AuthorizationRequest("sqs:SendMessage", QUEUE, {"aws:sourcearn": ()})


def policy(effect: str = "Allow", **elements: Any) -> Policy:
    statement = {"Effect": effect, "Action": "sqs:SendMessage", "Resource": QUEUE, **elements}
    return parse(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))


def test_nothing_is_allowed_without_a_policy() -> None:
    decision = decide(ROLE, SEND, Policies())
    assert decision.reason == "because no identity-based policy allows the sqs:SendMessage action"
    assert not decision.allowed


def test_root_needs_no_policy() -> None:
    assert decide(Principal("root", ACCOUNT, root=True), SEND, Policies()).allowed


def test_an_identity_policy_allows() -> None:
    assert decide(ROLE, SEND, Policies((policy(),))).allowed


@pytest.mark.parametrize(
    ("denying", "reason"),
    [
        ({"identity": (policy(), policy("Deny"))}, "an identity-based policy"),
        ({"resource": policy("Deny", Principal="*")}, "a resource-based policy"),
        ({"boundary": policy("Deny")}, "a permissions boundary"),
        ({"session": policy("Deny")}, "a session policy"),
    ],
)
def test_an_explicit_deny_wins_wherever_it_is(denying: dict[str, Any], reason: str) -> None:
    decision = decide(ROLE, SEND, Policies(**{"identity": (policy(),), **denying}))
    assert not decision.allowed
    assert decision.reason == f"with an explicit deny in {reason}"


@pytest.mark.parametrize("kind", ["boundary", "session"])
def test_a_boundary_and_a_session_policy_have_to_allow_too(kind: str) -> None:
    other = policy(Action="sqs:ReceiveMessage")
    assert not decide(ROLE, SEND, Policies((policy(),), **{kind: other})).allowed
    assert decide(ROLE, SEND, Policies((policy(),), **{kind: policy()})).allowed


@pytest.mark.parametrize(
    ("named", "allowed"),
    [
        (ROLE_ARN, True),
        (SESSION_ARN, True),
        ("*", True),
        # The account leaves it to its identity policies.
        (f"arn:aws:iam::{ACCOUNT}:root", False),
        (ACCOUNT, False),
        (f"arn:aws:iam::{ACCOUNT}:role/other", False),
    ],
)
def test_a_resource_policy_allows_whom_it_names(named: str, allowed: bool) -> None:
    found = Policies(resource=policy(Principal={"AWS": named}))
    assert decide(ROLE, SEND, found).allowed is allowed


@pytest.mark.parametrize(("named", "allowed"), [(ROLE_ARN, False), (SESSION_ARN, True)])
def test_a_boundary_limits_what_a_resource_allows_the_role_but_not_its_session(
    named: str, allowed: bool
) -> None:
    boundary = policy(Action="sqs:ReceiveMessage")
    found = Policies(boundary=boundary, resource=policy(Principal={"AWS": named}))
    assert decide(ROLE, SEND, found).allowed is allowed


def test_across_accounts_both_sides_have_to_allow() -> None:
    other = Principal("arn:aws:sts::444455556666:assumed-role/r/s", "444455556666", role_arn="r")
    by_resource = policy(Principal={"AWS": "444455556666"})
    assert not decide(other, SEND, Policies((policy(),))).allowed
    assert not decide(other, SEND, Policies(resource=by_resource)).allowed
    assert decide(other, SEND, Policies((policy(),), resource=by_resource)).allowed


def test_a_service_needs_the_resources_policy() -> None:
    decision = decide(SNS, SEND, Policies())
    assert decision.reason == "because no resource-based policy allows the sqs:SendMessage action"
    allowing = policy(Principal={"Service": "sns.amazonaws.com"})
    assert decide(SNS, SEND, Policies(resource=allowing)).allowed
    assert not decide(service_principal("events"), SEND, Policies(resource=allowing)).allowed


def test_a_service_has_to_act_for_the_resource_that_the_policy_names() -> None:
    topic = f"arn:aws:sns:eu-west-1:{ACCOUNT}:alarms"
    found = Policies(
        resource=policy(
            Principal={"Service": "sns.amazonaws.com"},
            Condition={"ArnEquals": {"aws:SourceArn": topic}},
        )
    )
    assert not decide(SNS, SEND, found).allowed
    assert not decide(SNS, SEND.with_values({}), found).allowed
    for_topic = AuthorizationRequest("sqs:SendMessage", QUEUE, {"aws:sourcearn": (topic,)})
    assert decide(SNS, for_topic, found).allowed


def trust(principal: Any) -> Policies:
    document = policy(Action="sts:AssumeRole", Principal=principal, Resource="*")
    return Policies(resource=document)


TAKE = AuthorizationRequest("sts:AssumeRole", ROLE_ARN)


def test_a_role_is_taken_only_by_whom_its_trust_policy_names() -> None:
    tasks = trust({"Service": "ecs-tasks.amazonaws.com"})
    assert decide(service_principal("ecs-tasks"), TAKE, tasks).allowed
    decision = decide(service_principal("lambda"), TAKE, tasks)
    assert decision.reason == "because no role trust policy allows the sts:AssumeRole action"
    all_rights = (policy(Action="*", Resource="*"),)
    assert not decide(ROLE, TAKE, Policies(all_rights, resource=tasks.resource)).allowed


@pytest.mark.parametrize(
    ("service", "named", "allowed"),
    [
        ("states", "states.eu-west-1.amazonaws.com", True),
        ("states", "states.us-east-1.amazonaws.com", False),
        ("logs", "logs.eu-west-1.amazonaws.com", True),
        ("lambda", "lambda.eu-west-1.amazonaws.com", False),
    ],
)
def test_a_policy_may_name_some_services_by_the_region_that_they_act_in(
    service: str, named: str, *, allowed: bool
) -> None:
    principal = service_principal(service, "eu-west-1")
    assert decide(principal, TAKE, trust({"Service": named})).allowed is allowed
    assert decide(principal, TAKE, trust({"Service": f"{service}.amazonaws.com"})).allowed


def test_a_trusted_account_needs_an_identity_policy_to_take_a_role() -> None:
    account = trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}).resource
    assert not decide(ROLE, TAKE, Policies(resource=account)).allowed
    all_rights = (policy(Action="*", Resource="*"),)
    assert decide(ROLE, TAKE, Policies(all_rights, resource=account)).allowed


def test_a_boundary_limits_which_roles_a_role_takes() -> None:
    named, boundary = trust({"AWS": ROLE_ARN}).resource, policy(Resource="*")
    assert decide(ROLE, TAKE, Policies(resource=named)).allowed
    decision = decide(ROLE, TAKE, Policies(resource=named, boundary=boundary))
    assert decision.reason == "because no permissions boundary allows the sts:AssumeRole action"


def test_a_role_of_another_account_that_is_named_needs_an_identity_policy_too() -> None:
    arn = "arn:aws:iam::444455556666:role/r"
    other = Principal("arn:aws:sts::444455556666:assumed-role/r/s", "444455556666", role_arn=arn)
    named = trust({"AWS": arn}).resource
    assert not decide(other, TAKE, Policies(resource=named)).allowed
    all_rights = (policy(Action="*", Resource="*"),)
    assert decide(other, TAKE, Policies(all_rights, resource=named)).allowed


def test_all_services_are_not_everybody() -> None:
    services = policy(Principal={"Service": "*"})
    assert decide(SNS, SEND, Policies(resource=services)).allowed
    assert not decide(ROLE, SEND, Policies(resource=services)).allowed
    assert not decide(ROLE, SEND, Policies(resource=policy(Principal={"Federated": "*"}))).allowed


@pytest.mark.parametrize(
    ("elements", "allowed"),
    [
        ({"Action": "sqs:*"}, True),
        ({"Action": "SQS:sendmessage"}, True),
        ({"Action": ["sqs:ReceiveMessage", "sqs:Send*"]}, True),
        ({"Action": "sqs:SendMessageBatch"}, False),
        ({"Resource": "*"}, True),
        ({"Resource": f"arn:aws:sqs:*:{ACCOUNT}:jobs"}, True),
        # A * reaches beyond a colon only at the end of its segment.
        ({"Resource": "arn:aws:sqs:*:j?bs"}, True),
        ({"Resource": "arn:aws:s*:jobs"}, True),
        ({"Resource": "arn:aws:s*s:jobs"}, False),
        ({"Resource": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:JOBS"}, False),
        ({"Resource": [f"{QUEUE}-dead", QUEUE]}, True),
        ({"Resource": "arn:aws:sqs:eu-west-1:${aws:PrincipalAccount}:jobs"}, True),
        ({"Resource": "arn:aws:sqs:eu-west-1:${aws:username}:jobs"}, False),
    ],
)
def test_actions_and_resources_match_with_wildcards_and_variables(
    elements: dict[str, Any], allowed: bool
) -> None:
    values = {"aws:principalaccount": (ACCOUNT,), "aws:username": ()}
    request = AuthorizationRequest("sqs:SendMessage", QUEUE, values)
    assert decide(ROLE, request, Policies((policy(**elements),))).allowed is allowed


def test_what_a_policy_excepts_is_not_allowed_by_it() -> None:
    def excepting(**elements: Any) -> Policies:
        statement = {"Effect": "Allow", **elements}
        return Policies((parse(json.dumps({"Version": "2012-10-17", "Statement": statement})),))

    assert not decide(ROLE, SEND, excepting(NotAction="sqs:Send*", Resource="*")).allowed
    assert decide(ROLE, SEND, excepting(NotAction="s3:*", Resource="*")).allowed
    assert not decide(ROLE, SEND, excepting(Action="*", NotResource=QUEUE)).allowed
    assert decide(ROLE, SEND, excepting(Action="*", NotResource=f"{QUEUE}-dead")).allowed


def test_a_variable_without_a_value_names_no_resource() -> None:
    request = AuthorizationRequest("sqs:SendMessage", QUEUE, {"aws:username": ()})
    own = f"{QUEUE}-${{aws:username}}"
    elements = {"Effect": "Deny", "Action": "*", "NotResource": own}
    document = json.dumps({"Version": "2012-10-17", "Statement": elements})
    assert not decide(ROLE, request, Policies((policy(), parse(document)))).allowed


def test_a_condition_key_that_is_not_known_here_is_never_taken_for_missing() -> None:
    found = policy(Condition={"StringNotEquals": {"sqs:Unheard": "x"}})
    with pytest.raises(NotMappedError, match="sqs:unheard"):
        decide(ROLE, SEND, Policies((found,)))
