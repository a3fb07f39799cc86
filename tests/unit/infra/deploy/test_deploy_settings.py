"""The deploy step's settings from the environment, and the variables that follow from them."""

from pathlib import Path

import pytest

from discord_diffusion.settings.reader import SettingsError
from infra.deploy import variables
from infra.deploy.choices import SECRETS, Choices, DeploymentSettings
from infra.deploy.errors import InputError
from infra.deploy.preflight import DeployContext


def test_the_token_has_two_names_and_ours_wins() -> None:
    by_original = DeploymentSettings.from_environ({"TF_VAR_discord_application_secret": "old"})
    assert by_original.bot_token == "old"
    both = {"TF_VAR_discord_application_secret": "old", "DISCORD_BOT_TOKEN": "new"}
    assert DeploymentSettings.from_environ(both).bot_token == "new"
    assert DeploymentSettings.from_environ({}).bot_token is None


def test_the_token_is_in_no_repr() -> None:
    settings = DeploymentSettings.from_environ({"DISCORD_BOT_TOKEN": "canary"})
    assert "canary" not in repr(settings)
    assert [field for field in DeployContext.__dataclass_fields__.values() if field.repr] != []
    assert not DeployContext.__dataclass_fields__["token"].repr


def test_every_secret_is_read_and_in_no_repr() -> None:
    for name in SECRETS:
        settings = DeploymentSettings.from_environ({name: "canary"})
        assert "canary" in (settings.bot_token, settings.hub_token)
        assert "canary" not in repr(settings)


def test_an_invalid_address_of_discord_is_refused() -> None:
    with pytest.raises(SettingsError, match="DISCORD_API_URL"):
        DeploymentSettings.from_environ({"DISCORD_API_URL": "discord"})


def settings(**environ: str) -> DeploymentSettings:
    return DeploymentSettings.from_environ(environ)


def test_without_choices_the_modules_defaults_apply() -> None:
    assert variables.chosen(Choices(), settings()) == {"target": "aws"}


def test_the_command_line_wins_over_the_environment() -> None:
    chosen = variables.chosen(Choices(region="eu-west-1"), settings(AWS_REGION="us-east-2"))
    assert chosen["region"] == "eu-west-1"
    assert variables.chosen(Choices(), settings(AWS_REGION="us-east-2"))["region"] == "us-east-2"


def test_different_regions_in_file_and_environment_are_refused(
    tmp_path: Path,
) -> None:
    file = tmp_path / "aws.tfvars"
    file.write_text('environment = "prod"\nregion      = "us-east-1"\n')
    choices = Choices(variables_file=file)
    with pytest.raises(InputError, match=r"us-east-1.*eu-west-1"):
        variables.chosen(choices, settings(AWS_REGION="eu-west-1"))
    assert "region" not in variables.chosen(choices, settings(AWS_REGION="us-east-1"))


def test_the_workers_get_the_address_of_another_discord() -> None:
    chosen = variables.chosen(Choices(), settings(DISCORD_API_URL="http://127.0.0.1:8700/api/v10"))
    assert chosen["discord_api_url"] == "http://127.0.0.1:8700/api/v10"
