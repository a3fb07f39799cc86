"""Every message and form of the bot in the channel page, wide and narrow, in several languages."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Page, ViewportSize, expect

from discord_diffusion.access.guild_settings import GuildSettings
from discord_diffusion.access.limits import Allowance
from discord_diffusion.aws.guild_store import ManagedGuild
from discord_diffusion.discord import answer_layouts, responses
from discord_diffusion.discord.edit_form import delete_form, edit_form, pan_form, start_form
from discord_diffusion.discord.layout import Components, ShownPicture, edit_data
from discord_diffusion.functions import texts
from discord_diffusion.functions.interactions.settings_form import settings_form
from discord_diffusion.jobs.job import Job
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.jobs.record import JobRecord, WaitEstimate, WaitKind
from discord_diffusion.jobs.refusal import Refusal
from discord_diffusion.texts.catalogue import LANGUAGES, say
from discord_diffusion.worker.answer import compose
from discord_diffusion.worker.pipeline_types import Generation, ModelInfo, PhaseSeconds, Picture
from discord_diffusion.worker.progress import progress_text
from tests.e2e.application import Bot, picture
from tests.e2e.browser import PHONE, keep_screenshot
from tests.e2e.conftest import CURATOR, PAINTER, Tabs
from tests.e2e.keyboard import command
from tests.e2e.test_accessibility import serious_violations

DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PARAMETERS = GenerationParameters(
    "a red circle above a blue square, on a *very* quiet evening by the sea", 40, 25, 7.5, 512, 512,
    4, negative_prompt="text, frames",
)  # fmt: skip
JOB = Job("1500000000000000000", "100", "t", "en", "200", PARAMETERS, spoiler=True, units=250)


def generation(count: int = 4) -> Generation:
    """Pictures as a worker draws them."""
    pictures = tuple(
        Picture(Image.new("RGB", (64, 64), (60 * place, 90, 200 - 40 * place)), 40 + place, place)
        for place in range(count)
    )
    return Generation(pictures, 0, PhaseSeconds(0.1, 0.2, 0.1), ModelInfo("tiny", "DDIM", "cpu"))


def queued(locale: str) -> Components:
    wait = WaitEstimate(WaitKind.ASLEEP, 3, datetime.now(UTC) + timedelta(minutes=2))
    record = replace(JobRecord.of(JOB, units=250, wait=wait), locale=locale)
    return texts.queued(record, wait, Allowance(9750, 10000))


def drawing(locale: str) -> Components:
    job = replace(JOB, locale=locale)
    sketch = ShownPicture("sketch.webp", say(locale, "alt.sketch"))
    status = progress_text(job, 12, 25, last_try=True)
    return answer_layouts.drawing(PARAMETERS, locale, status, sketch)


@dataclass(frozen=True)
class Shown:
    """A message: its components, and the names of its files."""

    components: Callable[[str], Components]
    files: tuple[str, ...] = ()


def answered(locale: str) -> Components:
    return compose(
        replace(JOB, locale=locale), generation(), notice="Knows colours only."
    ).components


def failed(locale: str) -> Components:
    reason = say(locale, "failed.memory")
    return answer_layouts.apology(JOB.id, locale, reason, PARAMETERS)


def held_back(locale: str) -> Components:
    nothing = replace(generation(0), filtered=4)
    return compose(replace(JOB, locale=locale), nothing).components


def cancelled(locale: str) -> Components:
    return answer_layouts.cancelled(PARAMETERS, locale, say(locale, "done.cancelled"))


def refused(locale: str) -> Components:
    refusal = Refusal("quota_user", units=250, limit=10000, left=100, reset="<t:1800000000:R>")
    return texts.refused(refusal, locale)


MESSAGES = {
    "queued": Shown(queued),
    "drawing": Shown(drawing, ("sketch.webp",)),
    "answered": Shown(answered, tuple(f"SPOILER_{JOB.id}-{place}.png" for place in range(4))),
    "failed": Shown(failed),
    "held-back": Shown(held_back),
    "cancelled": Shown(cancelled),
    "refused": Shown(refused),
}


def show_all(page: Page, bot: Bot, locale: str) -> None:
    """Have the bot answer with each message; files are added by an edit, as a worker does."""
    for shown in MESSAGES.values():
        components = shown.components(locale)
        first = answer_layouts.notice("…") if shown.files else components
        bot.reply = lambda _payload, first=first: responses.message(first)  # type: ignore[misc]
        before = len(bot.received("whisper"))
        command(page, "whisper")
        expect(page.locator(".message .container")).to_have_count(before + 1)
        if shown.files:
            bot.edit_with_files(
                bot.interaction("whisper", -1),
                edit_data(components),
                {name: picture(place, 128) for place, name in enumerate(shown.files)},
            )
    expect(page.locator(".message .container")).to_have_count(len(MESSAGES))
    expect(page.locator(".tile")).to_have_count(5)


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("locale", ["en", "de", "ja"])
def test_every_message_of_the_bot_fits_the_page(
    tabs: Tabs, bot: Bot, viewport: ViewportSize, locale: str
) -> None:
    tall: ViewportSize = {"width": viewport["width"], "height": 3600}
    page = tabs.open(viewport=tall)
    expect(page.get_by_role("heading", name="pictures")).to_be_visible()
    show_all(page, bot, locale)
    keep_screenshot(page, f"bot-{locale}-{viewport['width']}")
    assert serious_violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    for box in page.locator(".message .container").all():
        assert box.evaluate("element => element.scrollWidth <= element.clientWidth")


MANAGED = ManagedGuild(
    "2000",
    GuildSettings(roles=(CURATOR,), priority_roles=(PAINTER,), spoiler=True),
    version=3,
)
FORMS: dict[str, Callable[[str], dict[str, Any]]] = {
    "edit": lambda locale: edit_form(JOB.id, locale, PARAMETERS, seed=40),
    "edit-long": lambda locale: edit_form(
        JOB.id, locale, replace(PARAMETERS, prompt=("word " * 1200).strip()), seed=None
    ),
    "start": lambda locale: start_form(JOB.id, locale, PARAMETERS),
    "pan": lambda locale: pan_form(JOB.id, 0, locale, PARAMETERS),
    "delete": lambda locale: delete_form(JOB.id, locale),
    **{
        f"settings-{about}": lambda locale, about=about: settings_form(about, MANAGED, (), locale)
        for about in ("access", "limits", "defaults")
    },
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_the_bot_can_be_opened_and_submitted(tabs: Tabs, bot: Bot, form: str) -> None:
    """Each language at one width: a form's texts differ by language, its boxes by width."""
    page = tabs.open()
    taken = page.locator(".message.ephemeral").filter(has_text="Taken.")
    for done, locale in enumerate(LANGUAGES):
        viewport = (DESKTOP, PHONE)[done % 2]
        page.set_viewport_size(viewport)
        bot.reply = lambda _payload, locale=locale: FORMS[form](locale)  # type: ignore[misc]
        command(page, "form")
        dialog = page.locator("dialog[open]")
        expect(dialog.get_by_role("button", name="Submit")).to_be_visible()
        # What is seen depends on the width; that each text is there, tests of texts say.
        if done < 2:
            keep_screenshot(page, f"bot-form-{form}-{locale}-{viewport['width']}")
            assert serious_violations(page, "dialog[open]") == []
        bot.reply = lambda _payload: responses.ephemeral(answer_layouts.notice("Taken."))
        if form == "start":
            cat: FilePayload = {"name": "c.png", "mimeType": "image/png", "buffer": picture(1, 64)}
            dialog.locator("#field-image").set_input_files(cat)
        dialog.get_by_role("button", name="Submit").click()
        expect(taken).to_have_count(done + 1)
        expect(dialog).to_have_count(0)
