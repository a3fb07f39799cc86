"""Every reason of a refusal: a scenario that leads to it, and its text in each language."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from discord_diffusion.access.limits import Limits
from discord_diffusion.aws import ledger
from discord_diffusion.aws.dynamodb import to_item
from discord_diffusion.aws.errors import StoreUnavailableError
from discord_diffusion.fleet.state import Stop
from discord_diffusion.jobs.job import Job
from discord_diffusion.jobs.models import parse
from discord_diffusion.jobs.parameters import GenerationParameters, SourceImage, Style
from discord_diffusion.jobs.record import JobRecord, JobStatus, WaitKind
from discord_diffusion.settings.interactions import InteractionsSettings
from discord_diffusion.texts.catalogue import LANGUAGES, PLACE, texts
from tests.messages import is_ephemeral, text_of
from tests.unit.functions.conftest import SETTINGS, Caller, imagine, make_caller, new_id

DOWN = StoreUnavailableError("ConnectTimeoutError")
MANAGER = {"permissions": "32"}
PARAMETERS = GenerationParameters("a ring", 7, 12, 7.5, 512, 512, 2)
CHARGE = ledger.Charge(
    525,
    Limits(
        user_units=10,
        member_units=9,
        guild_units=20,
        deployment_units=40,
        cooldown_seconds=60,
        in_flight=3,
    ),
    audit_days=30,
)
Scenario = Callable[["Scene"], dict[str, Any]]


@dataclass(frozen=True)
class Scene:
    """A caller, and what its user does."""

    caller: Caller
    locale: str

    def imagine(self, **options: Any) -> dict[str, Any]:
        return self.send(imagine(**({"prompt": "a star"} | options)))

    def refused_by_ledger(self, subject: str, **item: Any) -> dict[str, Any]:
        found = to_item(item)
        asked = Job(new_id(), "1000", "t", "en-US", "4000", PARAMETERS, guild_id="2000")
        self.caller.store.refusal = ledger.refusal(
            subject, JobRecord.of(asked), found, CHARGE, datetime.now(UTC)
        )
        return self.imagine()

    def command(self, name: str, sub: str | None = None, **given: Any) -> dict[str, Any]:
        options = [{"name": key, "value": value} for key, value in given.items()]
        if sub:
            options = [{"name": sub, "type": 1, "options": options}]
        return self.send({"data": {"name": name, "type": 1, "options": options}})

    def settings(self, sub: str, **given: Any) -> dict[str, Any]:
        return self.send(self._settings(sub, **given))

    def _settings(self, sub: str, **given: Any) -> dict[str, Any]:
        options = [{"name": key, "value": value} for key, value in given.items()]
        return {
            "member": {"user": {"id": "4000"}, **MANAGER},
            "data": {"name": "settings", "options": [{"name": sub, "type": 1, "options": options}]},
        }

    def click(self, custom_id: str, *files: str, **more: Any) -> dict[str, Any]:
        message = {
            "id": "1",
            "attachments": [{"filename": name, "url": f"https://x/{name}"} for name in files],
            "interaction_metadata": {"user": {"id": "4000"}},
        }
        return self.send({"type": 3, "data": {"custom_id": custom_id}, "message": message} | more)

    def submit_modal(self, custom_id: str) -> dict[str, Any]:
        return self.send({"type": 5, "data": {"custom_id": custom_id, "components": []}})

    def send(self, change: dict[str, Any]) -> dict[str, Any]:
        return self.caller.content(imagine() | change | {"locale": self.locale})

    def job(self, status: JobStatus = JobStatus.ANSWERED, **changes: Any) -> str:
        """A job that the table knows."""
        job = Job(new_id(), "1000", "t", "en-US", "4000", replace(PARAMETERS, **changes))
        record = replace(JobRecord.of(job), status=status, guild_id="2000", channel_id="3000")
        self.caller.store.records[job.id] = record
        return job.id

    def with_settings(self, **settings: Any) -> "Scene":
        self.caller.guilds.set_settings(**settings)
        return self

    def without_table(self) -> "Scene":
        self.caller.store.broken = self.caller.guilds.broken = DOWN
        return self

    def without_queue(self) -> "Scene":
        self.caller.queue.refuse()
        return self


def with_concurrent_change(scene: Scene) -> dict[str, Any]:
    scene.caller.guilds.saved_by_another = True
    return scene.settings("reset")


def refused_as_hopeless(scene: Scene, **snapshot: Any) -> dict[str, Any]:
    scene.caller.store.set_snapshot(**snapshot)
    scene.caller.queue.in_flight = 10_000
    return scene.imagine()


def without_capacity(scene: Scene) -> dict[str, Any]:
    return refused_as_hopeless(scene, desired=1, launch_failed_at=datetime.now(UTC))


def stopped(scene: Scene, kind: WaitKind) -> dict[str, Any]:
    scene.caller.store.set_snapshot()
    state = scene.caller.store.state
    stop = Stop(kind, datetime.now(UTC) + timedelta(minutes=10))
    scene.caller.store.state = replace(state, stop=stop)
    return scene.imagine()


def with_unexpected_error(scene: Scene) -> dict[str, Any]:
    scene.caller.queue.broken = RuntimeError("unexpected")
    return scene.imagine()


SCENARIOS: dict[str, Scenario] = {
    "option_missing": lambda scene: scene.send(imagine()),
    "option_text": lambda scene: scene.imagine(prompt="x" * 6001),
    "option_whole": lambda scene: scene.imagine(steps=101),
    "option_number": lambda scene: scene.imagine(guidance="high"),
    "option_choice": lambda scene: scene.imagine(size="round"),
    "option_boolean": lambda scene: scene.imagine(private="yes"),
    "prompt_empty": lambda scene: scene.imagine(prompt=" \u200b "),
    "size_too_large": lambda scene: scene.imagine(width=4096, height=4096),
    "model_unknown": lambda scene: scene.imagine(model="dall-e"),
    "scheduler_model": lambda scene: scene.imagine(model="second", scheduler="DDIMScheduler"),
    "lora_unknown": lambda scene: scene.imagine(lora="ink, oil"),
    "lora_model": lambda scene: scene.imagine(lora="gold"),
    "lora_weight": lambda scene: scene.imagine(lora="ink:2.5"),
    "lora_count": lambda scene: scene.imagine(lora="ink,line,chalk,wash"),
    "not_a_picture": lambda scene: scene.imagine(image="5"),
    "mask_alone": lambda scene: scene.imagine(mask="5"),
    "style_unknown": lambda scene: scene.imagine(style="never"),
    "style_name": lambda scene: scene.settings("add_style", name="my style", prompt="x"),
    "styles_full": lambda scene: scene.with_settings(
        styles=tuple(Style(f"s{number}", "x") for number in range(10))
    ).settings("add_style", name="ink", prompt="x"),
    "strength_alone": lambda scene: scene.imagine(strength=0.5),
    "blocked": lambda scene: scene.with_settings(blocklist=("evil",)).imagine(prompt="3v1l"),
    "role": lambda scene: scene.with_settings(roles=("9",)).imagine(),
    "channel": lambda scene: scene.with_settings(channels=("9",)).imagine(),
    "quota_user": lambda scene: scene.refused_by_ledger("day", used=800),
    "quota_member": lambda scene: scene.refused_by_ledger("day", used=400, guild_2000=400),
    "quota_deployment": lambda scene: scene.refused_by_ledger("deployment", used=3800),
    "quota_guild": lambda scene: scene.refused_by_ledger("guild", used=1800),
    "user_blocked": lambda scene: scene.with_settings(blocked_users=("4000",)).imagine(),
    "users_full": lambda scene: scene.with_settings(
        blocked_users=tuple(map(str, range(200)))
    ).settings("user", user="777", allow=False),
    "cooldown": lambda scene: scene.refused_by_ledger(
        "user", asked_at=datetime.now(UTC).timestamp()
    ),
    "just_cancelled": lambda scene: scene.refused_by_ledger(
        "user", asked_at=0.0, cancelled_at=datetime.now(UTC).timestamp()
    ),
    "in_flight": lambda scene: scene.refused_by_ledger("user", jobs={"1", "2", "3"}),
    "pressed": lambda scene: scene.refused_by_ledger("click"),
    "queue": lambda scene: scene.without_queue().imagine(),
    "store": lambda scene: scene.without_table().command("quota"),
    "no_capacity": without_capacity,
    "failed_starts": lambda scene: stopped(scene, WaitKind.FAILED_STARTS),
    "instance_hours": lambda scene: stopped(scene, WaitKind.INSTANCE_HOURS),
    "too_many_waiting": lambda scene: refused_as_hopeless(scene, running=1, desired=1),
    "prompt_too_long_to_edit": lambda scene: scene.click(f"edit:{scene.job(prompt='🟥' * 4001)}:0"),
    "job_gone": lambda scene: scene.click("reroll:1:0"),
    "picture_gone": lambda scene: scene.click(f"vary:{scene.job()}:0", "other-0.png"),
    "source_gone": lambda scene: scene.click(
        f"reroll:{scene.job(source=SourceImage('https://x/y.png?ex=5f000000&', 0.5))}:0"
    ),
    "not_yours": lambda scene: scene.click(
        f"delete:{scene.job()}:0", member={"user": {"id": "4444"}}
    ),
    "too_late_to_cancel": lambda scene: scene.click(f"cancel:{scene.job(JobStatus.DRAWING)}:0"),
    "nothing_to_cancel": lambda scene: scene.command("cancel"),
    "manage_guild": lambda scene: scene.command("settings", "show"),
    "guild_only": lambda scene: scene.send(
        {"guild_id": None, "data": {"name": "settings", "options": []}}
    ),
    "pattern_invalid": lambda scene: scene.settings("block", pattern="(a+)+b"),
    "patterns_full": lambda scene: scene.with_settings(
        blocklist=tuple(f"cat{number}.{{0,90}}dog" for number in range(5))
    ).settings("block", pattern="bird.{0,90}dog"),
    "not_installed": lambda scene: scene.send(
        {
            "authorizing_integration_owners": {"1": "4000"},
            "data": {"name": "settings", "options": []},
        }
    ),
    "entry_unknown": lambda scene: scene.settings("revoke", entry="77"),
    "pattern_unknown": lambda scene: scene.settings("unblock", pattern="never"),
    "nothing_to_change": lambda scene: scene.settings("limits"),
    "settings_changed": with_concurrent_change,
    "not_a_job": lambda scene: scene.send(
        {"data": {"name": "Show parameters", "type": 3, "target_id": "5"}}
    ),
    "unknown_command": lambda scene: scene.command("gone"),
    "unknown_component": lambda scene: scene.click("of an older kind"),
    "unknown_modal": lambda scene: scene.submit_modal("vary:1:0"),
    "unknown_type": lambda scene: scene.send({"type": 77}),
    "unexpected": with_unexpected_error,
}


def test_there_is_a_scenario_for_every_reason_of_a_refusal() -> None:
    assert set(SCENARIOS) == {
        key.removeprefix("refused.") for key in texts("en") if key.startswith("refused.")
    }


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", SCENARIOS)
def test_a_refusal_is_an_ephemeral_answer_in_the_language_of_the_user(
    reason: str, language: str
) -> None:
    scene = Scene(make_caller(), language)
    answer = SCENARIOS[reason](scene)
    shown = text_of(answer["data"])
    text = texts(language)[f"refused.{reason}"]
    pattern = ".*".join(map(re.escape, PLACE.sub("\0", text).split("\0")))
    assert re.fullmatch(pattern, shown, re.DOTALL), shown
    assert is_ephemeral(answer["data"])
    assert answer["data"]["allowed_mentions"] == {"parse": []}
    assert scene.caller.queue.jobs == []


def test_an_option_has_the_name_that_the_client_of_the_user_shows() -> None:
    scene = Scene(make_caller(), "de")
    assert "`schritte` muss" in text_of(scene.imagine(steps=101)["data"])
    shown = text_of(scene.settings("limits", user_units=-1)["data"])
    assert "`pro_nutzer` muss" in shown


def test_a_blocked_prompt_is_audited_without_its_token() -> None:
    scene = Scene(make_caller(), "en").with_settings(blocklist=("evil",))
    scene.imagine(prompt="an evil plan")
    (kept,) = scene.caller.guilds.audited
    assert (kept["action"], kept["user"], kept["prompt"]) == ("blocked", "4000", "an evil plan")
    assert "token" not in str(kept)


def test_a_request_that_is_blocked_for_its_negative_prompt_is_audited_with_it() -> None:
    scene = Scene(make_caller(), "en")
    scene.imagine(prompt="a child", negative_prompt="clothes")
    (kept,) = scene.caller.guilds.audited
    assert (kept["prompt"], kept["negative_prompt"]) == ("a child", "clothes")


def test_the_rules_of_a_guild_do_not_lapse_while_the_table_does_not_answer() -> None:
    scene = Scene(make_caller(), "en").with_settings(user_units=10)
    scene.without_table()
    assert "can't look that up" in text_of(scene.imagine()["data"])
    assert scene.caller.queue.jobs == []


def test_models_have_their_own_limits_and_defaults() -> None:
    models = {"large": {"model": "x", "steps": 40, "guidance": 3.5, "max_pixels": 1024 * 1024}}
    settings: InteractionsSettings = replace(SETTINGS, models=parse(json.dumps(models)))
    scene = Scene(make_caller(settings), "en")
    scene.imagine(model="large", size="wide")
    (job,) = scene.caller.queue.jobs
    drawn = job.parameters
    assert (drawn.model, drawn.steps, drawn.guidance) == ("large", 40, 3.5)
    assert drawn.width * 9 == pytest.approx(drawn.height * 16, rel=0.03)
    assert drawn.width * drawn.height == pytest.approx(512 * 512, rel=0.05)
    refused = scene.imagine(model="large", width=1280, height=1024)
    assert "1280×1024" in text_of(refused["data"])
