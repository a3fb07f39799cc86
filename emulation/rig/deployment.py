"""The deployment on an emulator: Terraform's variables and outputs, and the Discord application."""

import shutil
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from emulation.rig.errors import StartError
from emulation.rig.options import ModelOptions, StackOptions, lambda_architecture
from emulation.rig.state import StackState
from emulation.rig.terraform import Outputs
from fixtures.discord.signing import application
from infra.deploy.errors import RegistrationError
from infra.deploy.registration import Registrar
from toolchain.layout import Layout

PACKAGE = "discord_diffusion"
_OUTPUTS = (
    *("queue_url", "dead_letter_queue_url", "jobs_table_name", "alarm_names"),
    *("interactions_function_name", "function_names", "worker_environment"),
    *("ecs_cluster_name", "ecs_service_name", "auto_scaling_group_name"),
)
"""Outputs of the root module that are fields of StackState."""


@dataclass(frozen=True)
class DiscordApplication:
    """The fixture application on one stand-in."""

    api_url: str
    application_id: str
    bot_token: str = field(repr=False)

    @classmethod
    def from_fixture(cls, api_url: str) -> "DiscordApplication":
        """The application that the stand-in knows."""
        known = application()
        return cls(api_url, known["application_id"], known["bot_token"])

    def public_key(self) -> str:
        """The key with which interactions are signed, as Discord answers it."""
        return Registrar(self.api_url, self.bot_token).application().verify_key

    def register(self, interactions_url: str) -> None:
        """Put the commands and set the endpoint, which is checked by a PING and a forgery.

        Raises:
            StartError: the stand-in refused.
        """
        registrar = Registrar(self.api_url, self.bot_token)
        try:
            registrar.put_commands(self.application_id)
            registrar.set_endpoint(interactions_url)
        except RegistrationError as error:
            raise StartError(f"The application could not be made ready: {error}") from error


def variables(
    layout: Layout, options: StackOptions, state: StackState, discord: DiscordApplication
) -> dict[str, Any]:
    """The root module's variables for the stack that `state` knows so far."""
    model = options.model or ModelOptions.embedded(layout.root)
    found: dict[str, Any] = {
        "target": "localstack",
        "environment": options.environment,
        "region": options.region,
        "emulator_endpoint": state.aws_endpoint,
        "discord_public_key": discord.public_key(),
        "discord_application_id": discord.application_id,
        "discord_api_url": state.discord_api_url,
        "lambda_package": str(layout.lambda_package),
        "lambda_architecture": lambda_architecture(),
        "visibility_timeout_seconds": options.visibility_timeout_seconds,
        "network": {"create_vpc": True},
        "fleet": {
            "minimum_tasks": options.fleet.minimum_tasks,
            "maximum_tasks": options.fleet.maximum_tasks,
        },
        "scaling": options.fleet.boot_phases() | dict(model.scaling),
        "generation_defaults": {
            "steps": model.steps,
            "guidance": model.guidance,
            "width": model.width,
            "height": model.height,
        },
        "worker": {
            "model": model.model,
            "picture_scale": model.picture_scale,
            "model_notice": model.notice,
            # Polls cost nothing here, and a worker that is asked to stop ends its poll first.
            "receive_wait_seconds": 2,
        },
    }
    if options.watch:
        found["hot_reload_folder"] = str(hot_reload_folder(layout))
    for name, value in options.variables.items():
        known = found.get(name)
        found[name] = known | value if isinstance(known, dict) else value
    return found


def with_outputs(state: StackState, outputs: Outputs) -> StackState:
    """The stack with what Terraform deployed."""
    interactions_url = outputs["discord_interactions_endpoint_url"]
    known = {name: outputs[name] for name in _OUTPUTS}
    return replace(state, interactions_url=interactions_url, **known)


def hot_reload_folder(layout: Layout) -> Path:
    """Make a folder of what the Lambda package holds, with our own code linked to its source.

    The emulator runs the functions from there, so that an edit counts at once.
    """
    folder = layout.build / "hot-reload"
    shutil.rmtree(folder, ignore_errors=True)
    with zipfile.ZipFile(layout.lambda_package) as package:
        package.extractall(folder)
    shutil.rmtree(folder / PACKAGE)
    (folder / PACKAGE).symlink_to(layout.root / "src" / PACKAGE, target_is_directory=True)
    return folder
