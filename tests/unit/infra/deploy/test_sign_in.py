"""Credentials that Terraform cannot read itself, the region, and the account of the state."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.credentials import Credentials

from infra.deploy import sign_in
from infra.deploy.finding import Verdict

CONFIG = """
[profile plain]
aws_access_key_id = AKIAPLAIN
aws_secret_access_key = secret

[profile base]
login_session = arn:aws:iam::123456789012:user/me

[profile with-code]
role_arn = arn:aws:iam::123456789012:role/deployer
source_profile = plain
mfa_serial = arn:aws:iam::123456789012:mfa/me

[profile of-login]
role_arn = arn:aws:iam::123456789012:role/deployer
source_profile = base

[profile sso]
sso_session = company
sso_account_id = 123456789012
sso_role_name = deployer
"""


@pytest.fixture(autouse=True)
def _config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A person's configuration, and no other credentials."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    (tmp_path / "config").write_text(CONFIG)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    sign_in.session.cache_clear()
    yield
    sign_in.session.cache_clear()


def use(profile: str, monkeypatch: pytest.MonkeyPatch, method: str = "assume-role") -> None:
    """Sign in by a profile, without AWS, which would give the credentials."""
    monkeypatch.setenv("AWS_PROFILE", profile)
    found = Credentials("ASIAFOUND", "found-secret", "found-token", method)
    monkeypatch.setattr(sign_in.session(), "get_credentials", lambda: found)


@pytest.mark.parametrize("profile", ["with-code", "base", "of-login"])
def test_credentials_that_terraform_cannot_read_are_handed_over(
    profile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(profile, monkeypatch)
    assert sign_in.for_terraform() == {
        "AWS_ACCESS_KEY_ID": "ASIAFOUND",
        "AWS_SECRET_ACCESS_KEY": "found-secret",
        "AWS_SESSION_TOKEN": "found-token",
        "AWS_PROFILE": None,
        "AWS_DEFAULT_PROFILE": None,
    }


@pytest.mark.parametrize("profile", ["plain", "sso"])
def test_what_terraform_reads_itself_is_left_to_it(
    profile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(profile, monkeypatch)
    assert sign_in.for_terraform() == {}


def test_keys_in_the_environment_win_over_the_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    use("with-code", monkeypatch, method="env")
    assert sign_in.for_terraform() == {}


@pytest.mark.parametrize("name", ["us-gov-west-1", "cn-north-1", "eusc-de-east-1"])
def test_other_partitions_are_refused_by_name(name: str) -> None:
    found = sign_in.region(name)
    assert found.verdict is Verdict.BAD
    assert "partition aws-" in found.found


def test_a_commercial_region_is_good_and_an_unknown_one_is_named() -> None:
    assert sign_in.region("eu-central-1").verdict is Verdict.GOOD
    unknown = sign_in.region("mars-north-1")
    assert unknown.verdict is Verdict.BAD
    assert "mars-north-1 is no region" in unknown.found


def test_credentials_of_another_account_than_the_states_are_refused() -> None:
    found = sign_in.account("222222222222", "111111111111")
    assert found.verdict is Verdict.BAD
    assert "account 222222222222" in found.found
    assert "in account 111111111111" in found.found
    assert sign_in.account("111111111111", "111111111111").verdict is Verdict.GOOD
    assert sign_in.account("111111111111", None).verdict is Verdict.GOOD
