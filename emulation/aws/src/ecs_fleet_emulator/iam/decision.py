"""AWS's evaluation of the policies that apply to a request.

An explicit deny in any policy wins. A resource's policy that names the principal allows by itself;
else an identity policy has to. The permissions boundary and the session's policy, if there is one,
have to allow too, unless the resource's policy names the very session. Across accounts both sides
have to allow. A role is taken only if its trust policy, which is the role's resource policy, allows
it too. A service has no identity policy.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from dataclasses import dataclass

from .policy import Policy
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
    """Whether a request is allowed; `reason` completes AWS's sentence about a denial."""

    allowed: bool
    reason: str = ""


def decide(principal: Principal, request: AuthorizationRequest, policies: Policies) -> Decision:
    """Decide about a request.

    Raises:
        NotMappedError: a policy depends on something about the request that is not known here.
    """
    if principal.root:
        return Decision(True)
    if denied := _explicit_deny(principal, request, policies):
        return Decision(False, f"with an explicit deny in {denied}")
    limit = _missing_limit(request, policies)
    missing = limit if _identity_allows(request, policies) else IDENTITY
    named, delegated = _resource_allows(principal, request, policies)
    only_by_resource = principal.service or _needs_trust_policy(request)
    if only_by_resource and not (named or delegated):
        return _denial(TRUST if _needs_trust_policy(request) else RESOURCE, request)
    if principal.service:
        return Decision(True)
    other_account = request.resource_account not in ("", principal.account)
    if named and not other_account:
        by_session = _resource_names_session(principal, request, policies)
        return _denial(limit, request) if limit and not by_session else Decision(True)
    if missing:
        return _denial(missing, request)
    if other_account and not (named or delegated):
        return _denial(RESOURCE, request)
    return Decision(True)


def is_allowed_everywhere(action: str, policies: Policies) -> bool:
    """Whether an action is allowed whatever its resources and condition keys are.

    So no policy denies it anywhere, and each kind that has to allow does so without a limit.
    """
    if any(one.denies_somewhere(action) for one in policies.identity):
        return False
    limits = [one for one in (policies.boundary, policies.session) if one is not None]
    by_identity = any(one.allows_everywhere(action) for one in policies.identity)
    return by_identity and all(one.allows_everywhere(action) for one in limits)


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


def _identity_allows(request: AuthorizationRequest, policies: Policies) -> bool:
    return any(any(one.applying(request, allowing=True)) for one in policies.identity)


def _missing_limit(request: AuthorizationRequest, policies: Policies) -> str:
    """The kind of policy that limits the identity and does not allow; empty if all allow."""
    for kind, policy in ((BOUNDARY, policies.boundary), (SESSION, policies.session)):
        if policy is not None and not any(policy.applying(request, allowing=True)):
            return kind
    return ""


def _needs_trust_policy(request: AuthorizationRequest) -> bool:
    return request.action.lower() == _ONLY_BY_TRUST_POLICY


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


def _resource_names_session(
    principal: Principal, request: AuthorizationRequest, policies: Policies
) -> bool:
    if policies.resource is None:
        return False
    return any(
        ("AWS", principal.arn) in (one.principals or ())
        for one in policies.resource.applying(request, allowing=True)
    )


def _denial(kind: str, request: AuthorizationRequest) -> Decision:
    return Decision(False, f"because no {kind} allows the {request.action} action")


def _with_article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
