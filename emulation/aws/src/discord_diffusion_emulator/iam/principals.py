"""Who makes a request: a role's session, a user, an AWS service, or the account's root.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Principal:
    """A principal. Only `root` has every right, without a policy.

    `arn` is that of the session for a role, `role_arn` the role's; `service` is for example
    "lambda.amazonaws.com", and then `arn` is the same.
    """

    arn: str
    account: str
    role_arn: str = ""
    service: str = ""
    root: bool = False

    @property
    def identity_arn(self) -> str:
        """The ARN of the role or user whose policies count."""
        return self.role_arn or self.arn

    def is_named(self, kind: str, name: str) -> bool:
        """Whether a policy's `Principal` entry names this principal."""
        if kind == "Service":
            return bool(self.service) and name in (self.service, "*")
        if kind != "AWS":
            return False
        return name == "*" or (not self.service and name in (self.arn, self.role_arn))

    def is_of_account(self, kind: str, name: str) -> bool:
        """Whether a policy's `Principal` entry names this principal's account."""
        if kind != "AWS" or self.service:
            return False
        return name == self.account or (
            name.endswith(":root") and name.split(":")[4] == self.account
        )


def service_principal(name: str) -> Principal:
    """An AWS service, such as "lambda" or "lambda.amazonaws.com"."""
    full = name if "." in name else f"{name}.amazonaws.com"
    return Principal(arn=full, account="", service=full)
