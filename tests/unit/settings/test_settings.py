"""The environment is read strictly, and all problems are reported at once."""

import json

import pytest

from discord_diffusion.fleet.demand import ScalingTarget
from discord_diffusion.fleet.state import FleetSettings
from discord_diffusion.settings.interactions import InteractionsSettings
from discord_diffusion.settings.reader import SettingsError
from discord_diffusion.settings.worker import PipelineSettings, WorkerSettings

QUEUE = {
    "QUEUE_URL": "http://127.0.0.1:4566/queue/us-east-1/000000000000/jobs.fifo",
    "JOBS_TABLE": "jobs",
}
KEY = {"DISCORD_PUBLIC_KEY": "ab" * 32}

WITH_TOKENS = (
    "https://me:hf_secret@h.co/a",
    "https://h.co/a?key=hf_secret",
    "me:hf_secret@h.co/a",
    "h.co/o/n/a.safetensors?key=hf_secret",
)


def test_variables_that_are_not_set_have_the_defaults_of_production() -> None:
    settings = InteractionsSettings.from_environ(QUEUE | KEY)
    assert (settings.default_steps, settings.default_guidance) == (25, 7.5)
    assert (settings.default_width, settings.default_height) == (512, 512)
    assert settings.replay_window_seconds == 300
    assert settings.public_key == bytes.fromhex("ab" * 32)


def test_the_fleet_has_the_target_and_the_start_that_the_variables_name() -> None:
    fleet = {
        "SECONDS_PER_JOB": "12.5", "JOBS_AT_ONCE": "64", "TARGET_WAIT_SECONDS": "90",
        "MINIMUM_TASKS": "1", "MAXIMUM_TASKS": "7",
        "BOOT_INSTANCE_SECONDS": "100", "BOOT_PULL_SECONDS": "20", "BOOT_LOAD_SECONDS": "3",
        "DEFAULT_WIDTH": "1024", "DEFAULT_HEIGHT": "512", "DEFAULT_STEPS": "50",
        "DEFAULT_IMAGES": "3",
    }  # fmt: skip
    settings = InteractionsSettings.from_environ(QUEUE | KEY | fleet)
    target = ScalingTarget(12.5, 64, 90.0, minimum=1, maximum=7, units_per_job=200)
    assert settings.fleet == FleetSettings(target, boot_seconds=123.0)
    default = InteractionsSettings.from_environ(QUEUE | KEY).fleet
    assert default == FleetSettings(
        ScalingTarget(10.0, 1, 60.0, 0, 1, units_per_job=250), boot_seconds=315.0
    )


@pytest.mark.parametrize(
    "variables",
    [{"JOBS_AT_ONCE": "0"}, {"JOBS_AT_ONCE": "65"}, {"SECONDS_PER_JOB": "0"},
     {"MINIMUM_TASKS": "3", "MAXIMUM_TASKS": "2"}],
    ids=str,
)  # fmt: skip
def test_a_fleet_that_makes_no_sense_is_refused_by_name(variables: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=next(iter(variables))):
        InteractionsSettings.from_environ(QUEUE | KEY | variables)


def test_all_problems_are_reported_together_by_name() -> None:
    with pytest.raises(SettingsError) as refused:
        InteractionsSettings.from_environ(
            {"DISCORD_PUBLIC_KEY": "xyz", "DEFAULT_STEPS": "many", "DEFAULT_IMAGES": "9"}
        )
    assert "QUEUE_URL is not set" in str(refused.value)
    for name in ("DISCORD_PUBLIC_KEY=", "DEFAULT_STEPS=", "DEFAULT_IMAGES="):
        assert name in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEVICE", "gpu"),
        ("PICTURE_SCALE", "1.5"),
        ("PICTURE_FORMAT", "gif"),
        ("MAX_RECEIVE_COUNT", "0"),
        ("QUEUE_URL", "jobs.fifo"),
        ("LOG_LEVEL", "loud"),
        ("VISIBILITY_TIMEOUT_SECONDS", "-1"),
    ],
)
def test_a_value_that_is_not_allowed_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        WorkerSettings.from_environ(QUEUE | {"MODEL": "m"} | {name: value})


def test_an_empty_variable_counts_as_not_set() -> None:
    settings = WorkerSettings.from_environ(
        QUEUE | {"MODEL": "m", "SCHEDULER": "", "TORCH_THREADS": " "}
    )
    assert settings.pipeline.default.scheduler is None
    assert settings.pipeline.torch_threads is None
    assert settings.pipeline.device == "auto"


@pytest.mark.parametrize("address", WITH_TOKENS)
@pytest.mark.parametrize("name", ["MODEL", "MODEL_LORA", "MODEL_VAE", "MODELS", "LORAS"])
def test_an_address_that_may_hold_a_token_is_refused_and_not_shown(name: str, address: str) -> None:
    field = "lora" if name == "LORAS" else "model"
    value = json.dumps({"a": {field: address}}) if name.endswith("S") else address
    with pytest.raises(SettingsError, match=r"where tokens are.*HF_TOKEN") as raised:
        PipelineSettings.from_environ({"MODEL": "x", name: value})
    assert str(raised.value).startswith(f"{name}: ")
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("address", WITH_TOKENS)
@pytest.mark.parametrize("name", ["MODELS", "LORAS", "EMBEDDINGS"])
@pytest.mark.parametrize(
    "rest", ['", "unknown": 1}}', '", }}', '", "file": "https://h.co/b?hf_secret"}}']
)
def test_no_other_problem_shows_an_address_that_may_hold_a_token(
    name: str, address: str, rest: str
) -> None:
    field = {"MODELS": "model", "LORAS": "lora", "EMBEDDINGS": "embedding"}[name]
    value = f'{{"a": {{"{field}": "{address}{rest}'
    with pytest.raises(SettingsError, match=name) as raised:
        PipelineSettings.from_environ({"MODEL": "x", name: value})
    assert "secret" not in str(raised.value)


def test_a_token_in_the_name_of_a_file_is_not_shown() -> None:
    ink = {"lora": "org/ink", "file": "https://h.co/ink.safetensors?key=hf_secret"}
    with pytest.raises(SettingsError, match=r"LORAS: .*HF_TOKEN") as raised:
        PipelineSettings.from_environ({"MODEL": "x", "LORAS": json.dumps({"ink": ink})})
    assert "secret" not in str(raised.value)
