"""A policy document, parsed, and which of its statements apply to a request.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from . import conditions
from .conditions import Condition, as_texts
from .patterns import UnknownVariableError, resource, substituted, wildcard
from .principals import Principal
from .request import AuthorizationRequest

_VERSION_WITH_VARIABLES = "2012-10-17"


@dataclass(frozen=True)
class Statement:
    """One statement. `negated_...`: the element is the policy's Not... one."""

    allows: bool
    actions: tuple[str, ...]
    negated_actions: bool
    resources: tuple[str, ...] | None
    negated_resources: bool
    principals: tuple[tuple[str, str], ...] | None
    negated_principals: bool
    conditions: tuple[Condition, ...]
    variables: bool

    def applies(self, request: AuthorizationRequest) -> bool:
        """Whether action, resource and conditions match; principals are judged apart.

        Raises:
            NotMappedError: it depends on something about the request that is not known here.
        """
        return (
            self.has_action(request.action)
            and self._has_resource(request)
            and all(condition.is_met(request.values) for condition in self.conditions)
        )

    def has_action(self, action: str) -> bool:
        """Whether the statement is about an action."""
        found = any(wildcard(one, ignore_case=True).fullmatch(action) for one in self.actions)
        return found != self.negated_actions

    def _has_resource(self, request: AuthorizationRequest) -> bool:
        if self.resources is None:
            return True
        found = any(self._is_resource(one, request) for one in self.resources)
        return found != self.negated_resources

    def _is_resource(self, wanted: str, request: AuthorizationRequest) -> bool:
        if self.variables:
            try:
                wanted = substituted(wanted, request.values, pattern=True)
            except UnknownVariableError:
                return False
        return resource(wanted).fullmatch(request.resource) is not None

    @property
    def is_unlimited(self) -> bool:
        """Whether it is about every resource, under no condition."""
        everything = self.resources is not None and "*" in self.resources
        return everything and not self.negated_resources and not self.conditions

    def names(self, principal: Principal) -> bool:
        """Whether the statement is about a principal itself, and not only about its account."""
        found = any(principal.is_named(kind, name) for kind, name in self.principals or ())
        return found != self.negated_principals

    def names_account(self, principal: Principal) -> bool:
        """Whether the statement leaves it to an account which of its principals it is about."""
        if self.negated_principals:
            return False
        return any(principal.is_of_account(kind, name) for kind, name in self.principals or ())


@dataclass(frozen=True)
class Policy:
    """The statements of one policy document."""

    statements: tuple[Statement, ...] = ()

    def applying(self, request: AuthorizationRequest, *, allowing: bool) -> Iterable[Statement]:
        """The statements with an effect that apply to a request."""
        return (one for one in self.statements if one.allows == allowing and one.applies(request))

    def allows_everywhere(self, action: str) -> bool:
        """Whether an action is allowed on every resource, and no statement denies it on any."""
        about = [one for one in self.statements if one.has_action(action)]
        return all(one.allows for one in about) and any(one.is_unlimited for one in about)

    def denies_somewhere(self, action: str) -> bool:
        """Whether a statement denies an action, on whatever resource."""
        return any(not one.allows and one.has_action(action) for one in self.statements)


@lru_cache(maxsize=1024)
def parse(document: str) -> Policy:
    """Parse a policy document.

    Raises:
        NotMappedError: a condition operator is unknown.
        ValueError: it is not JSON.
    """
    content: dict[str, Any] = json.loads(document)
    variables = content.get("Version") == _VERSION_WITH_VARIABLES
    given = content.get("Statement") or []
    statements = given if isinstance(given, list) else [given]
    return Policy(tuple(_statement(one, variables) for one in statements))


def _statement(given: Mapping[str, Any], variables: bool) -> Statement:
    resources = given.get("Resource", given.get("NotResource"))
    return Statement(
        allows=given["Effect"] == "Allow",
        actions=as_texts(given.get("Action", given.get("NotAction"))),
        negated_actions="NotAction" in given,
        resources=None if resources is None else as_texts(resources),
        negated_resources="NotResource" in given,
        principals=_principals(given.get("Principal", given.get("NotPrincipal"))),
        negated_principals="NotPrincipal" in given,
        conditions=conditions.parse(given.get("Condition") or {}, variables=variables),
        variables=variables,
    )


def _principals(given: Any) -> tuple[tuple[str, str], ...] | None:
    if given is None:
        return None
    if isinstance(given, str):
        return (("AWS", given),)
    return tuple((kind, name) for kind, names in given.items() for name in as_texts(names))
