"""Services take a role once for many calls."""

from typing import Any

import pytest

from ecs_fleet_emulator import role_clients

ROLE = {"role_arn": "arn:aws:iam::000000000000:role/one", "region_name": "us-east-1"}


class Factory:
    """Makes something new whenever a role is taken."""

    def with_assumed_role(self, **_given: Any) -> object:
        return object()

    with_kept_role = role_clients.kept(with_assumed_role)


def test_a_role_is_taken_once() -> None:
    factory = Factory()
    assert factory.with_kept_role(**ROLE) is factory.with_kept_role(**ROLE)


@pytest.mark.parametrize(
    "changes",
    [{"role_arn": "another"}, {"region_name": "eu-west-1"}, {"service_principal": "states"}],
)
def test_another_role_region_or_service_is_another_session(changes: dict[str, str]) -> None:
    factory = Factory()
    assert factory.with_kept_role(**ROLE) is not factory.with_kept_role(**ROLE | changes)


def test_a_session_with_a_name_is_always_new() -> None:
    factory, given = Factory(), {**ROLE, "session_name": "mine"}
    assert factory.with_kept_role(**given) is not factory.with_kept_role(**given)


def test_factories_and_configurations_are_told_apart() -> None:
    one, other = Factory(), Factory()
    assert one.with_kept_role(**ROLE) is not other.with_kept_role(**ROLE)
    assert one.with_kept_role(**ROLE, config=one) is not one.with_kept_role(**ROLE, config=other)
