"""The environment is read strictly, and all problems are reported at once."""

import pytest

from discord_diffusion.settings.interactions import InteractionsSettings
from discord_diffusion.settings.reader import SettingsError
from discord_diffusion.settings.worker import WorkerSettings

QUEUE = {
    "QUEUE_URL": "http://127.0.0.1:4566/queue/us-east-1/000000000000/jobs.fifo",
    "JOBS_TABLE": "jobs",
}
KEY = {"DISCORD_PUBLIC_KEY": "ab" * 32}


def test_variables_that_are_not_set_have_the_defaults_of_production() -> None:
    settings = InteractionsSettings.from_environ(QUEUE | KEY)
    assert (settings.default_steps, settings.default_guidance) == (25, 7.5)
    assert (settings.default_width, settings.default_height) == (512, 512)
    assert settings.replay_window_seconds == 300
    assert settings.public_key == bytes.fromhex("ab" * 32)


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
