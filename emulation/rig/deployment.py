"""The deployment on an emulator: Terraform's variables and outputs, and the Discord application."""

import hashlib
import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from emulation.rig.emulator_client import client_options
from emulation.rig.errors import StartError
from emulation.rig.loopback import NO_CERTIFICATES
from emulation.rig.options import WORKER, ModelOptions, StackOptions, lambda_architecture
from emulation.rig.state import StackState
from emulation.rig.terraform import Outputs
from fixtures.discord.signing import application, public_key
from infra.deploy.choices import DISCORD_BOT_TOKEN
from infra.deploy.errors import RegistrationError
from infra.deploy.registration import Registrar, registration
from toolchain.layout import Layout

PACKAGE = "discord_diffusion"
_OUTPUTS = (
    *("queue_url", "dead_letter_queue_url", "jobs_table_name", "alarm_names"),
    *("interactions_function_name", "function_names", "worker_environment"),
    *("ecs_cluster_name", "ecs_service_name", "auto_scaling_group_name"),
)
"""Outputs of the root module that are fields of StackState."""
_LONGEST_LEASE = 900
"""Seconds: while a debugger holds a worker, nobody extends its leases."""
_UNLIMITED = ("user_units_per_day", "guild_units_per_day", "units_per_day", "cooldown_seconds")
"""Fields of the variable `limits` of which 0 is no limit."""


def _registrar(state: StackState, bot_token: str | None) -> Registrar:
    """Calls Discord's API as the application that the stack serves; the stand-in's needs no token.

    Raises:
        StartError: Discord is not the stand-in, and there is no token.
    """
    if state.live:
        if bot_token is None:
            raise StartError(f"The bot's token is needed. Set {DISCORD_BOT_TOKEN}.")
        return Registrar(state.discord_api_url, bot_token)
    # A transport of its own: the person's proxy must not see loopback traffic.
    transport = httpx.HTTPTransport(verify=NO_CERTIFICATES, trust_env=False)
    return Registrar(state.discord_api_url, application()["bot_token"], transport=transport)


def commands_digest() -> str:
    """A digest of all commands as they are registered.

    Raises:
        StartError: a command has no text in some language.
    """
    try:
        registered = json.dumps(registration(), sort_keys=True)
    except RegistrationError as error:
        raise StartError(f"The commands could not be registered: {error}") from error
    return hashlib.sha256(registered.encode()).hexdigest()


def register(state: StackState, bot_token: str | None = None) -> None:
    """Register the commands, and the endpoint, which the stand-in checks by a PING and a forgery.

    A live stack gets its interactions from the Gateway, so it has no endpoint that Discord knows.

    Raises:
        StartError: Discord refused.
    """
    register_commands(state, bot_token)
    if state.live:
        return
    try:
        _registrar(state, None).set_endpoint(state.interactions_url)
    except RegistrationError as error:
        raise StartError(f"The application could not be made ready: {error}") from error


def register_commands(state: StackState, bot_token: str | None = None) -> None:
    """Replace the commands by those of now; those of a live stack are its one server's.

    Raises:
        StartError: Discord refused one, or the token of a live stack is missing, or the table does
            not take the commands' ids.
    """
    registrar, live = _registrar(state, bot_token), state.live
    try:
        if live:
            ids = registrar.put_commands(live.application_id, live.guild_id)
        else:
            ids = registrar.put_commands(application()["application_id"])
    except RegistrationError as error:
        raise StartError(f"The commands could not be registered: {error}") from error
    _keep_command_ids(state, ids)


def _keep_command_ids(state: StackState, ids: dict[str, str]) -> None:
    """Keep the ids in the stack's table, so that `/help` can mention the commands."""
    # Half of the time of a command of the rig, most of which need no AWS.
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    from infra.deploy.command_ids import keep_command_ids

    try:
        client = boto3.client("dynamodb", **client_options(state))
        keep_command_ids(client, state.jobs_table_name, ids)
    except (BotoCoreError, ClientError) as error:
        raise StartError(f"The ids of the commands could not be kept: {error}") from error


def variables(layout: Layout, options: StackOptions, state: StackState) -> dict[str, Any]:
    """The root module's variables for a stack."""
    live = state.live
    model = options.model or ModelOptions.embedded(layout.root)
    found: dict[str, Any] = {
        "target": "localstack",
        "environment": options.environment,
        "region": options.region,
        "emulator_endpoint": state.aws_endpoint,
        "discord_public_key": live.public_key if live else public_key(),
        "discord_application_id": live.application_id if live else application()["application_id"],
        "discord_api_url": state.discord_api_url,
        "lambda_package": str(layout.lambda_package),
        "lambda_architecture": lambda_architecture(),
        "visibility_timeout_seconds": (
            _LONGEST_LEASE if WORKER in options.debug else options.visibility_timeout_seconds
        ),
        "network": {"create_vpc": True},
        "fleet": {
            "minimum_tasks": options.fleet.minimum_tasks,
            "maximum_tasks": options.fleet.maximum_tasks,
        },
        # Nobody pays for this GPU; the defaults would refuse a test's flood of requests.
        "limits": dict.fromkeys(_UNLIMITED, 0) | {"jobs_in_flight": 20},
        "safeguards": options.fleet.safeguards(),
        "scaling": options.fleet.boot_phases() | dict(model.scaling),
        "generation_defaults": model.generation_defaults(),
        "styles": {name: dict(style) for name, style in model.styles.items()},
        "worker": {
            "model": model.model,
            "picture_scale": model.picture_scale,
            # Nobody pays for what goes out of this machine.
            "picture_format": "png",
            "model_notice": model.notice,
            "torch_threads": model.torch_threads,
            "models": model.models(),
            "loras": {name: {"lora": f"{model.model}/loras/{name}"} for name in model.loras},
            # A model is checked here by its own safety checker, so that nothing is downloaded.
            "safety_checker": "none",
            # Polls cost nothing here, and a worker that is asked to stop ends its poll first.
            "receive_wait_seconds": 2,
        },
    }
    if live:
        # People share it: they get the limits and, with a model of one's own, the safety checker
        # that they have on AWS.
        del found["limits"]
        if options.model:
            del found["worker"]["safety_checker"]
    if options.watch:
        found["hot_reload_folder"] = str(hot_reload_folder(layout))
    for name, value in options.variables.items():
        known = found.get(name)
        found[name] = known | value if isinstance(known, dict) else value
    return found


def with_outputs(state: StackState, outputs: Outputs) -> StackState:
    """The state with the outputs of the root module."""
    interactions_url = outputs["discord_interactions_endpoint_url"]
    known = {name: outputs[name] for name in _OUTPUTS}
    return replace(state, interactions_url=interactions_url, **known)


def hot_reload_folder(layout: Layout) -> Path:
    """Unpack the Lambda package into a folder, with our own code linked to its source.

    The emulator runs the functions from there, so that an edit takes effect at once.
    """
    folder = layout.build / "hot-reload"
    shutil.rmtree(folder, ignore_errors=True)
    with zipfile.ZipFile(layout.lambda_package) as package:
        package.extractall(folder)
    shutil.rmtree(folder / PACKAGE)
    (folder / PACKAGE).symlink_to(layout.root / "src" / PACKAGE, target_is_directory=True)
    return folder
