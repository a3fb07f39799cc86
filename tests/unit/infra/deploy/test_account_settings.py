"""Checks of what an account shares: service-linked roles, API Gateway's role, concurrency, tag."""

from typing import Any

import pytest

from infra.deploy.account_settings import (
    SERVICE_ROLES,
    api_gateway_role,
    concurrency,
    service_roles,
)
from infra.deploy.cost_tags import TAG, cost_tag
from infra.deploy.errors import AwsError
from infra.deploy.finding import Verdict
from tests.deployments import deployment
from tests.stubbed_aws import Refused, StubbedAws

ROLE = {"Path": "/", "RoleId": "A" * 16, "Arn": "arn:aws:iam::1:role/x" + "-" * 8}
OTHER = "arn:aws:iam::123456789012:role/of-somebody-else"
OWN = "arn:aws:iam::123456789012:role/discord-diffusion-prod-api-gateway-logs"


def role(name: str) -> dict[str, Any]:
    return {"Role": {**ROLE, "RoleName": name, "CreateDate": "2026-01-01T00:00:00Z"}}


def having(*names: str) -> Any:
    """GetRole of an account with these roles."""

    def answer(request: Any) -> Any:
        name = request["RoleName"]
        return role(name) if name in names else Refused("NoSuchEntity")

    return answer


def iam(*names: str, **more: Any) -> dict[str, Any]:
    return {"iam": {"get_role": having(*names), **more}}


def test_an_account_with_all_service_linked_roles_is_good() -> None:
    aws = StubbedAws(answers=iam(*(one.name for one in SERVICE_ROLES)))
    assert service_roles(aws).verdict is Verdict.GOOD


def test_missing_service_linked_roles_are_named_and_made_on_agreement() -> None:
    there = [one.name for one in SERVICE_ROLES if "Spot" not in one.name]
    made = role("AWSServiceRoleForEC2Spot")
    aws = StubbedAws(answers=iam(*there, create_service_linked_role=made))
    found = service_roles(aws)
    assert found.verdict is Verdict.WARNING
    assert "AWSServiceRoleForEC2Spot" in found.found
    assert "--aws-service-name spot.amazonaws.com" in found.to_do
    assert "create_service_linked_role" not in aws.operations("iam"), "looking changes nothing"
    assert found.offer
    found.offer.carry_out()
    assert aws.calls[-1][2] == {"AWSServiceName": "spot.amazonaws.com"}


def test_a_role_that_was_made_meanwhile_is_no_error_and_a_refusal_is() -> None:
    taken = Refused("InvalidInput", "Service role name AWSServiceRoleForECS has been taken")
    found = service_roles(StubbedAws(answers=iam(create_service_linked_role=taken)))
    assert found.offer
    found.offer.carry_out()
    refused = StubbedAws(answers=iam(create_service_linked_role=Refused("AccessDenied")))
    offer = service_roles(refused).offer
    assert offer
    with pytest.raises(AwsError, match="iam:CreateServiceLinkedRole: AccessDenied"):
        offer.carry_out()


def account(arn: str | None) -> dict[str, Any]:
    return {"apigateway": {"get_account": {"cloudwatchRoleArn": arn} if arn else {}}}


@pytest.mark.parametrize("arn", [None, OWN])
def test_the_deployment_sets_api_gateways_role_if_nobody_else_has(arn: str | None) -> None:
    found, manages = api_gateway_role(StubbedAws(answers=account(arn)), deployment())
    assert found.verdict is Verdict.GOOD
    assert manages


def test_api_gateways_role_of_somebody_else_is_kept_and_said() -> None:
    aws = StubbedAws(answers=account(OTHER) | iam("of-somebody-else"))
    found, manages = api_gateway_role(aws, deployment())
    assert not manages
    assert f"{OTHER} is kept" in found.found


def test_a_role_that_was_removed_is_replaced() -> None:
    found, manages = api_gateway_role(StubbedAws(answers=account(OTHER) | iam()), deployment())
    assert manages
    assert found.verdict is Verdict.WARNING


def test_without_the_right_to_look_the_variable_decides() -> None:
    aws = StubbedAws(answers={"apigateway": {"get_account": Refused("AccessDeniedException")}})
    for chosen in (True, False):
        found, manages = api_gateway_role(aws, deployment(manage_api_gateway_account=chosen))
        assert found.verdict is Verdict.WARNING
        assert manages is chosen


def limit(executions: int, own: int | None = None) -> StubbedAws:
    """An account with this limit; `own` is what the deployed function has reserved of it."""
    limits = {
        "ConcurrentExecutions": executions,
        "UnreservedConcurrentExecutions": executions - (own or 0),
    }
    missing = Refused("ResourceNotFoundException")
    answers = {
        "get_account_settings": {"AccountLimit": limits},
        "get_function_concurrency": missing
        if own is None
        else {"ReservedConcurrentExecutions": own},
    }
    return StubbedAws(answers={"lambda": answers})


def test_a_new_accounts_concurrency_is_a_warning_with_the_request() -> None:
    [found] = concurrency(limit(10), deployment())
    assert found.verdict is Verdict.WARNING
    assert "--quota-code L-B99A9384 --desired-value 1000 --region us-east-2" in found.to_do
    [usual] = concurrency(limit(1000), deployment())
    assert usual.verdict is Verdict.GOOD


def test_a_reservation_that_lambda_would_refuse_stops_the_deployment() -> None:
    [found] = concurrency(limit(110), deployment(reserved_concurrency=20))
    assert found.verdict is Verdict.BAD
    [enough] = concurrency(limit(1000), deployment(reserved_concurrency=20))
    assert enough.verdict is Verdict.GOOD


def test_what_the_function_has_reserved_already_is_not_counted_twice() -> None:
    [same] = concurrency(limit(150, own=40), deployment(reserved_concurrency=40))
    assert same.verdict is Verdict.GOOD
    [more] = concurrency(limit(150, own=40), deployment(reserved_concurrency=51))
    assert more.verdict is Verdict.BAD


def tags(*status: str) -> dict[str, Any]:
    listed = [{"TagKey": TAG, "Type": "UserDefined", "Status": one} for one in status]
    return {"list_cost_allocation_tags": {"CostAllocationTags": listed}}


def test_an_inactive_tag_of_the_budget_is_activated_on_agreement() -> None:
    answers = tags("Inactive") | {"update_cost_allocation_tags_status": {"Errors": []}}
    aws = StubbedAws(answers={"ce": answers})
    found = cost_tag(aws)
    assert found.verdict is Verdict.WARNING
    assert found.offer
    found.offer.carry_out()
    [wanted] = aws.calls[-1][2]["CostAllocationTagsStatus"]
    assert wanted == {"TagKey": "Deployment", "Status": "Active"}


def test_the_budget_of_a_new_deployment_is_said_to_count_nothing_yet() -> None:
    found = cost_tag(StubbedAws(answers={"ce": tags()}))
    assert "a day after" in found.found
    assert found.offer is None
    assert cost_tag(StubbedAws(answers={"ce": tags("Active")})).verdict is Verdict.GOOD


def test_a_member_of_an_organization_is_sent_to_the_account_that_pays() -> None:
    refused = {"list_cost_allocation_tags": Refused("AccessDeniedException")}
    found = cost_tag(StubbedAws(answers={"ce": refused}))
    assert found.verdict is Verdict.WARNING
    assert "the account that pays" in found.to_do
