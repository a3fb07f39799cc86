"""Who makes a request: a role's session, a user, an AWS service, or the account's root.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from dataclasses import dataclass

_SUFFIX = ".amazonaws.com"
_WITH_REGIONAL_NAMES = ("logs", "states")
"""Of the emulated services, those that policies may name by region, as states.us-east-1.

https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
"""


@dataclass(frozen=True)
class Principal:
    """A principal. Only `root` has every right, without a policy.

    `arn` is that of the session for a role, `role_arn` the role's; `service` is for example
    "lambda.amazonaws.com", and then `arn` is the same. `region` is the one that a service acts in.
    """

    arn: str
    account: str
    role_arn: str = ""
    service: str = ""
    root: bool = False
    region: str = ""

    @property
    def identity_arn(self) -> str:
        """The ARN of the role or user whose policies count."""
        return self.role_arn or self.arn

    def is_named(self, kind: str, name: str) -> bool:
        """Whether a policy's `Principal` entry names this principal."""
        if kind == "Service":
            return bool(self.service) and name in (*self._service_names, "*")
        if kind != "AWS":
            return False
        return name == "*" or (not self.service and name in (self.arn, self.role_arn))

    @property
    def _service_names(self) -> tuple[str, ...]:
        """The names by which a policy may call the service: some have one for each region, too."""
        prefix = self.service.removesuffix(_SUFFIX)
        if prefix in _WITH_REGIONAL_NAMES and self.region:
            return self.service, f"{prefix}.{self.region}{_SUFFIX}"
        return (self.service,)

    def is_of_account(self, kind: str, name: str) -> bool:
        """Whether a policy's `Principal` entry names this principal's account."""
        if kind != "AWS" or self.service:
            return False
        return name == self.account or (
            name.endswith(":root") and name.split(":")[4] == self.account
        )


def service_principal(name: str, region: str = "") -> Principal:
    """An AWS service that acts in a region, such as "lambda" or "lambda.amazonaws.com"."""
    full = name if "." in name else f"{name}{_SUFFIX}"
    return Principal(arn=full, account="", service=full, region=region)
