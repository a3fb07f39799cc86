"""What is asked of the policies: may this principal do this action with this resource?"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .conditions import Values


@dataclass(frozen=True)
class AuthorizationRequest:
    """One action on one resource; an operation of an API may need several.

    `values` are those of the condition keys, by key in lower case.
    """

    action: str
    resource: str
    values: Values = field(default_factory=dict)

    def with_values(self, values: Mapping[str, tuple[str, ...]]) -> "AuthorizationRequest":
        """The request with the values of more condition keys; its own win."""
        return AuthorizationRequest(self.action, self.resource, {**values, **self.values})

    @property
    def resource_account(self) -> str:
        """The account that owns the resource; empty if its ARN does not say."""
        parts = self.resource.split(":")
        return parts[4] if len(parts) > 4 else ""
