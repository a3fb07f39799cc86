"""Who the deploy step is at AWS: credentials, region, and what Terraform cannot read itself.

The SDK for Python asks for the code of an `mfa_serial`, and reads what `aws login` keeps; the
provider of Terraform does neither. Such credentials are found once here, and given to Terraform as
environment variables whenever it is started, so that it never works with expired ones.
https://registry.terraform.io/providers/hashicorp/aws/latest/docs#authentication-and-configuration
"""

from collections.abc import Iterator, Mapping
from functools import cache

import boto3
from botocore.exceptions import BotoCoreError, UnknownRegionError

from infra.deploy.errors import AwsError
from infra.deploy.finding import Finding, bad, good

_ONLY_HERE = ("mfa_serial", "login_session")
"""Settings of a profile that the provider cannot act on."""
_PARTITION = "aws"


@cache
def session() -> boto3.Session:
    """The one session of this process: a person is asked for a code once."""
    return boto3.Session()


def for_terraform() -> Mapping[str, str | None]:
    """Changes to Terraform's environment; empty if it reads the credentials itself.

    Raises:
        AwsError: the credentials cannot be had any more.
    """
    if not any(setting in profile for profile in _profiles() for setting in _ONLY_HERE):
        return {}
    try:
        found = session().get_credentials()
        frozen = found.get_frozen_credentials() if found else None
    except BotoCoreError as error:
        raise AwsError(f"The credentials could not be renewed: {error}") from error
    if found is None or frozen is None or found.method == "env":
        return {}
    return {
        "AWS_ACCESS_KEY_ID": frozen.access_key,
        "AWS_SECRET_ACCESS_KEY": frozen.secret_key,
        "AWS_SESSION_TOKEN": frozen.token,
        # The provider would read the profile again, and fail.
        "AWS_PROFILE": None,
        "AWS_DEFAULT_PROFILE": None,
    }


def _profiles() -> Iterator[Mapping[str, str]]:
    """The settings of the profile that is in use, then of those that it takes credentials from."""
    try:
        profiles = session()._session.full_config.get("profiles", {})
    except BotoCoreError:
        return
    seen: set[str] = set()
    name = session().profile_name
    while name in profiles and name not in seen:
        seen.add(name)
        yield profiles[name]
        name = profiles[name].get("source_profile", "")


def region(name: str) -> Finding:
    """Whether the region is one that the deployment supports; no account is needed to know."""
    try:
        partition = session().get_partition_for_region(name)
    except UnknownRegionError:
        to_do = "Correct AWS_REGION, --region or `region` in the variable file."
        return bad("region", f"{name} is no region of AWS", to_do)
    if partition != _PARTITION:
        return bad(
            "region",
            f"{name} belongs to the partition {partition}",
            "Choose a commercial region: GovCloud, China and the sovereign clouds have other "
            "endpoints and no GPU prices here; nobody has tried the deployment there.",
        )
    return good("region", name)


def account(current: str, in_state: str | None) -> Finding:
    """Whether the credentials are those of the account that the state's resources are in."""
    if in_state in (None, current):
        return good("account", current)
    return bad(
        "account",
        f"the credentials are of account {current}, this deployment is in account {in_state}",
        f"Sign in to {in_state}, or deploy another one to {current}: --environment or --state-dir.",
    )
