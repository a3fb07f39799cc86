"""AWS's evaluation of the policies that apply to a request.

An explicit deny in any policy wins. A resource's policy that names the principal allows by itself.
Otherwise an identity policy has to allow, and the permissions boundary and the session's policy, if
there is one. Across accounts both sides have to allow. A role is taken only if its trust policy
allows, and a service has no identity policy.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from collections.abc import Iterable
from dataclasses import dataclass

from .policy import Policy, Statement
from .principals import Principal
from .request import AuthorizationRequest

IDENTITY, BOUNDARY, SESSION = "identity-based policy", "permissions boundary", "session policy"
RESOURCE, TRUST = "resource-based policy", "role trust policy"

_ONLY_BY_TRUST_POLICY = "sts:assumerole"


@dataclass(frozen=True)
class Policies:
    """All policies that count for one request. None: there is no such policy."""

    identity: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    session: Policy | None = None
    resource: Policy | None = None


@dataclass(frozen=True)
class Decision:
    """Whether a request is allowed.

    `reason` completes AWS's sentence about a denial; `statements` of the identity's policies
    allowed it.
    """

    allowed: bool
    reason: str = ""
    statements: tuple[Statement, ...] = ()


def decide(principal: Principal, request: AuthorizationRequest, policies: Policies) -> Decision:
    """Decide about a request.

    Raises:
        NotMappedError: a policy depends on something about the request that is not known here.
    """
    if principal.root:
        return Decision(True)
    if denied := _explicit_deny(principal, request, policies):
        return Decision(False, f"with an explicit deny in {denied}")
    by_identity, granting = _identity_allows(request, policies)
    if principal.service or _needs_resource_policy(request):
        return _by_resource(principal, request, policies, by_identity)
    named, _ = _resource_allows(principal, request, policies)
    other_account = request.resource_account not in ("", principal.account)
    if named and not other_account:
        return Decision(True, statements=granting)
    if by_identity:
        return _denial(by_identity, request)
    if other_account and not any(_resource_allows(principal, request, policies)):
        return _denial(RESOURCE, request)
    return Decision(True, statements=granting)


def _explicit_deny(principal: Principal, request: AuthorizationRequest, policies: Policies) -> str:
    """The kind of policy that denies, with its article; empty if none does."""
    kinds = [(IDENTITY, one) for one in policies.identity]
    kinds += [(BOUNDARY, policies.boundary)] if policies.boundary else []
    kinds += [(SESSION, policies.session)] if policies.session else []
    for kind, policy in kinds:
        if any(policy.applying(request, allowing=False)):
            return _with_article(kind)
    if policies.resource:
        for one in policies.resource.applying(request, allowing=False):
            if one.names(principal) or one.names_account(principal):
                return _with_article(RESOURCE)
    return ""


def _identity_allows(
    request: AuthorizationRequest, policies: Policies
) -> tuple[str, tuple[Statement, ...]]:
    """The kind of policy that is missing (empty: none), and the statements that allow."""
    granting = tuple(_allowing(policies.identity, request))
    if not granting:
        return IDENTITY, ()
    for kind, policy in ((BOUNDARY, policies.boundary), (SESSION, policies.session)):
        if policy is not None and not any(policy.applying(request, allowing=True)):
            return kind, ()
    return "", granting


def _allowing(policies: Iterable[Policy], request: AuthorizationRequest) -> Iterable[Statement]:
    return (one for policy in policies for one in policy.applying(request, allowing=True))


def _needs_resource_policy(request: AuthorizationRequest) -> bool:
    return request.action.lower() == _ONLY_BY_TRUST_POLICY


def _by_resource(
    principal: Principal, request: AuthorizationRequest, policies: Policies, missing: str
) -> Decision:
    """A service, or whoever takes a role: the resource's policy has to allow."""
    named, delegated = _resource_allows(principal, request, policies)
    if named or (delegated and not missing):
        return Decision(True)
    kind = TRUST if _needs_resource_policy(request) else RESOURCE
    return _denial(missing if delegated else kind, request)


def _resource_allows(
    principal: Principal, request: AuthorizationRequest, policies: Policies
) -> tuple[bool, bool]:
    """Whether the resource's policy allows the principal itself, and whether its account."""
    if policies.resource is None:
        return False, False
    statements = list(policies.resource.applying(request, allowing=True))
    return (
        any(one.names(principal) for one in statements),
        any(one.names_account(principal) for one in statements),
    )


def _denial(kind: str, request: AuthorizationRequest) -> Decision:
    return Decision(False, f"because no {kind} allows the {request.action} action")


def _with_article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
