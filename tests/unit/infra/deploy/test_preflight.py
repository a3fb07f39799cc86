"""The preflight shows all that it can find, whatever the first checks say."""

from dataclasses import replace
from pathlib import Path

import pytest

from infra.deploy import preflight
from infra.deploy.choices import Choices, DeploymentSettings
from infra.deploy.errors import TerraformError
from infra.deploy.finding import Verdict, good
from infra.deploy.preflight import DeployContext, run_preflight
from infra.deploy.terraform import Terraform
from infra.deploy.variables import Deployment
from infra.deploy.workspace import Workspace
from tests.deployments import deployment
from tests.stubbed_aws import Refused, StubbedAws
from toolchain.layout import Layout

LAYOUT = Layout.of_this_checkout()
CHOICES = Choices(image="registry.invalid/worker:1")
NOBODY = StubbedAws(answers={"sts": {"get_caller_identity": Refused("InvalidClientTokenId")}})
# Nothing listens there: the token cannot be looked up.
SETTINGS = DeploymentSettings("http://127.0.0.1:9/api/v10", None, "a-token")


@pytest.fixture(autouse=True)
def _terraform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = good("Terraform", "1.11"), tmp_path / "terraform"
    monkeypatch.setattr(preflight.local_checks, "terraform", lambda _cache: found)


def looking_at(monkeypatch: pytest.MonkeyPatch, of: Deployment, aws: StubbedAws) -> None:
    """Let the preflight look at a deployment in an account."""
    folder = Path("never-made")
    context = DeployContext(
        choices=CHOICES,
        layout=LAYOUT,
        chosen={},
        values={"worker": {"model": "fixtures/model/tiny"}},
        deployment=of,
        aws=replace(aws, region=of.region),
        workspace=Workspace(folder),
        terraform=Terraform(folder, folder, folder),
        application=None,
        token=None,
    )
    monkeypatch.setattr(preflight, "_context", lambda *_: context)


def verdicts(settings: DeploymentSettings = SETTINGS) -> dict[str, Verdict]:
    found = run_preflight(CHOICES, settings, LAYOUT)
    assert found.context is None
    assert not found.passed
    return {one.name: one.verdict for one in found.findings}


def test_without_credentials_machine_region_and_token_are_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looking_at(monkeypatch, deployment(), NOBODY)
    assert verdicts() == {
        "Terraform": Verdict.GOOD,
        "region": Verdict.GOOD,
        "credentials": Verdict.BAD,
        "model": Verdict.GOOD,
        "Discord application": Verdict.BAD,
        "Docker": Verdict.GOOD,
        "not looked at": Verdict.WARNING,
    }


def test_without_a_token_and_credentials_the_token_is_missed_but_may_have_been_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The token may be in SSM, which only the account knows."""
    looking_at(monkeypatch, deployment(), NOBODY)
    found = verdicts(replace(SETTINGS, bot_token=None))
    assert found["Discord application"] is Verdict.WARNING


def test_what_only_the_account_says_is_named_as_not_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looking_at(monkeypatch, deployment(), NOBODY)
    found = {one.name: one.found for one in run_preflight(CHOICES, SETTINGS, LAYOUT).findings}
    page = (LAYOUT.root / "docs" / "deploy.md").read_text().split("## Preflight")[1]
    unseen = found["not looked at"].split(", ")
    assert not set(unseen) & found.keys()
    assert "quotas of GPU vCPUs" in unseen
    rows = page.split("\n##")[0].lower()
    assert [name for name in unseen if name.lower() not in rows and name != "state"] == []


def test_an_account_in_another_partition_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    aws = StubbedAws()
    looking_at(monkeypatch, deployment(region="us-gov-west-1"), aws)
    found = verdicts()
    assert found["region"] is Verdict.BAD
    assert "credentials" not in found
    assert aws.calls == []


def test_without_valid_variables_the_machine_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> DeployContext:
        raise TerraformError("project must be 3 to 20 letters")

    monkeypatch.setattr(preflight, "_context", refuse)
    found = verdicts()
    assert found["variables"] is Verdict.BAD
    assert found["Docker"] is Verdict.GOOD
    assert found["Discord application"] is Verdict.BAD
