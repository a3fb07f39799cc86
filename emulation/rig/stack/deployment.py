"""What the root module is applied with on an emulator, and what a stack learns from its outputs."""

from dataclasses import replace
from typing import Any

from emulation.rig.stack import hot_reload
from emulation.rig.stack.discord_setup import DiscordSetup
from emulation.rig.stack.options import ModelOptions, StackOptions, lambda_architecture
from emulation.rig.stack.state import StackState
from emulation.rig.stack.terraform import Outputs
from toolchain.layout import Layout


def variables(
    layout: Layout, options: StackOptions, state: StackState, discord: DiscordSetup
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
            # Polls cost nothing here, and a worker that is told to stop ends its poll first.
            "receive_wait_seconds": 2,
        },
    }
    if options.watch:
        found["hot_reload_folder"] = str(hot_reload.prepare(layout))
    for name, value in options.variables.items():
        known = found.get(name)
        found[name] = known | value if isinstance(known, dict) else value
    return found


def described(state: StackState, outputs: Outputs) -> StackState:
    """The stack with what was deployed."""
    return replace(
        state,
        interactions_url=outputs.text("discord_interactions_endpoint_url"),
        queue_url=outputs.text("queue_url"),
        dead_letter_queue_url=outputs.text("dead_letter_queue_url"),
        interactions_function_name=outputs.text("interactions_function_name"),
        function_names=outputs.mapping("function_names"),
        ecs_cluster_name=outputs.text("ecs_cluster_name"),
        ecs_service_name=outputs.text("ecs_service_name"),
        auto_scaling_group_name=outputs.text("auto_scaling_group_name"),
        jobs_table_name=outputs.text("jobs_table_name"),
        alarm_names=outputs.lists("alarm_names"),
        worker_environment=outputs.mapping("worker_environment"),
    )
