"""The test modules that a target's whole run has, in the order in which they run.

Target `docker` has all of tests/docker and of tests/integration but those named here: a new module
runs there, unless ELSEWHERE says why not. Target `host` has what needs no engine.
"""

import itertools
from pathlib import Path

from tests.lanes import CROWDS, EMULATOR, FLEETS, IAM, SCENARIOS, lane, place

_SAME_CODE = (
    "its subject is no container, and the image has the same code, says "
    "tests/docker/test_docker_images.py; tasks in containers: test_fleet_scenarios.py"
)
_UNDER_LOAD = f"{_SAME_CODE}; workers that die in containers: test_fleet_faults.py"
_IN_PROCESS = "the stand-in answers in the test's own process; its image: test_standin_server.py"
ELSEWHERE = {
    **{
        f"tests/integration/standin/test_{name}.py": _IN_PROCESS
        for name in (
            *("api_rate_limits", "arbitrary_requests", "channels_api", "chaos_faults"),
            *("command_interactions", "command_registration", "component_interactions"),
            *("control_api", "interaction_callbacks", "interaction_delivery"),
            *("interaction_fixtures", "interactions_endpoint", "webhooks_api"),
        )
    },
    **{
        f"tests/integration/standin/test_{name}.py": _SAME_CODE
        for name in (
            *("bot_history", "bot_in_places", "bot_leniency", "bot_moderation"),
            *("bot_source_images", "bot_summary", "entitlements", "gateway_commands", "places"),
            *("gateway_limits", "layout_messages", "reactions_and_pins"),
        )
    },
    **{
        f"tests/integration/emulator/test_{name}.py": _SAME_CODE
        for name in (
            *("fleet_requests", "fleet_tags", "fleet_terraform", "iam_denials", "iam_services"),
            *("job_store", "ledger", "moto_services", "scaling", "terraform_patches"),
            *("experiments", "moved_time"),
        )
    },
    **{
        f"tests/integration/test_{name}.py": _UNDER_LOAD
        for name in (
            *("channel_burst", "channel_fairness", "chaos_agreement", "chaos_jobs"),
            "spending_limits",
        )
    },
    "tests/integration/test_production_module.py": _SAME_CODE,
    "tests/integration/emulator/test_warm_pool.py": (
        "its image is a tag in the emulated registry, from which no engine can pull"
    ),
    "tests/integration/test_deploy_rehearsal.py": (
        "`make deploy-aws`, whose rehearsal is an account and a Discord made of processes"
    ),
}
"""Modules of tests/integration that run on target `host` alone, and why."""

_DRAWING = frozenset(
    (
        *(
            f"tests/unit/worker/pipeline/test_{name}.py"
            for name in (
                *("batch_invariance", "device_loss", "family_table", "first_drawings"),
                *("inpainting", "loras", "merged_lora", "model_families", "prompt_chunks"),
                *("quantization", "recovery", "single_files"),
            )
        ),
        *(
            f"tests/unit/fixtures/model/test_{name}.py"
            for name in ("adapters", "autoencoder", "embedded_model", "judge", "training")
        ),
    )
)
"""Unit tests that draw with whole models for seconds: too long for what is run on each save."""

_LONGEST = (
    "tests/docker/test_docker_stack.py",
    CROWDS,
    "deploy_rehearsal",
    SCENARIOS,
    # These two leave no processor idle while the others' stacks start.
    "tests/e2e",
    "tests/unit/worker/pipeline/test_device_loss.py",
    "fleet_faults",
    FLEETS,
    EMULATOR,
    "tests/docker/test_docker_cycles.py",
    IAM,
    "rig_cli",
    "emulator_snapshots",
    "edited_code",
    "tests/infra",
    "tests/conformance/discord",
    "deploy_rights",
    "fleet_lifecycle",
)
"""Lanes that take long: started last, one would leave the other processes idle."""
_LONGEST_OF_UNIT = (
    "tests/unit/fixtures/model/",
    "tests/unit/worker/pipeline/",
    "tests/unit/functions/",
    "tests/unit/infra/capacity/",
    "tests/unit/toolchain/",
    "tests/unit/emulation/",
)
"""Folders of unit tests, likewise."""


def of_docker(root: Path) -> list[str]:
    """What runs in containers, relative to the checkout."""
    found = _below(root, "tests/integration") | _below(root, "tests/docker")
    return sorted(found - set(ELSEWHERE), key=_turn)


def of_host(root: Path) -> list[str]:
    """What runs without an engine, relative to the checkout."""
    apart = _below(root, "tests/docker") | _below(root, "tests/packages")
    return sorted(_below(root, "tests") - apart, key=_turn)


def of_unit(root: Path) -> list[str]:
    """What needs no stack and draws little: what is run on each save; relative to the checkout."""
    return sorted(_below(root, "tests/unit") - _DRAWING, key=_turn)


def of_stack(root: Path) -> list[str]:
    """What runs without an engine and is not in `of_unit`, relative to the checkout."""
    unit = set(of_unit(root))
    return [name for name in of_host(root) if name not in unit]


def of_integration(root: Path) -> list[str]:
    """What needs an emulator of AWS, relative to the checkout."""
    found = _below(root, "tests/integration") | _below(root, "tests/e2e")
    without = {name for name, reason in ELSEWHERE.items() if reason == _IN_PROCESS}
    return sorted(found - without, key=_turn)


def _below(root: Path, folder: str) -> set[str]:
    return {path.relative_to(root).as_posix() for path in (root / folder).rglob("test_*.py")}


def _turn(name: str) -> tuple[bool, bool, int, int, int, str]:
    """The sort key of a module. Unit tests, the shortest, fill all processes at the end."""
    lanes = dict(zip(_LONGEST, itertools.count()))
    is_long = lane(name) in lanes
    folders = [name.startswith(folder) for folder in _LONGEST_OF_UNIT]
    return (
        name.startswith("tests/unit/") and not is_long,
        name not in _DRAWING and not is_long,
        lanes.get(lane(name), len(lanes)),
        folders.index(True) if any(folders) else len(folders),
        place(name),
        name,
    )
