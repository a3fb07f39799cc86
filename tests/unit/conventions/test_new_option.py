"""The steps by which CONTRIBUTING.md adds an option of /imagine, done on a copy of the source."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import Any

import pytest

from discord_diffusion.texts.catalogue import LANGUAGES
from toolchain.layout import Layout

ROOT = Layout.of_this_checkout().root
SOURCE = Path("src/discord_diffusion")
OPTIONS, PARAMETERS = SOURCE / "jobs" / "options.py", SOURCE / "jobs" / "parameters.py"
LOCALES = SOURCE / "texts" / "locales"
TABLE_LINE = (
    '    PictureOption("clip_skip", _WHOLE, (0, 3), is_listed=True, since=2),\n'
    '    PictureOption("image", OptionKind.FILE'
)
USE = """
import json
from dataclasses import asdict
from types import SimpleNamespace
from discord_diffusion.access.guild_settings import GuildSettings
from discord_diffusion.functions.interactions.parameters import ParameterBuilder
from discord_diffusion.jobs.options import PARAMETERS
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.jobs.refusal import Refusal
from infra.deploy.registration import registration

settings = SimpleNamespace(
    default_guidance=7.5, default_steps=25, default_images=1, default_width=512, default_height=512,
    loras={})
builder = ParameterBuilder(settings)

def built(**options):
    interaction = SimpleNamespace(options=options, id="5", attachments={})
    return builder.build(interaction, GuildSettings())

try:
    built(prompt="a star", clip_skip=4)
except Refusal as refusal:
    refused = [refusal.reason, refusal.values]
given = built(prompt="a star", clip_skip=2)
older = {k: v for k, v in asdict(given).items() if k != "clip_skip"}
print(json.dumps({
    "registered": [o for o in registration()[0]["options"] if o["name"] == "clip_skip"],
    "refused": refused,
    "given": given.clip_skip,
    "not given": built(prompt="a star").clip_skip,
    "read again": GenerationParameters.read(asdict(given)) == given,
    "of an older message": GenerationParameters.read(older, 1).clip_skip,
    "in the batch key": "clip_skip" in [o.name for o in PARAMETERS if o.in_batch_key],
}))
"""


def run(copy: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python on the copy."""
    path = os.pathsep.join([str(copy / "src"), str(copy)])
    env = {**os.environ, "PYTHONPATH": path}
    return subprocess.run(
        [sys.executable, *words], cwd=copy, env=env, capture_output=True, text=True, check=False
    )


def replaced(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert text.count(old) == 1, (path, old)
    path.write_text(text.replace(old, new), "utf-8")


def added(path: Path, texts: Mapping[str, Any]) -> None:
    content = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(content | texts), "utf-8")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy with a new line in the table, and its field."""
    copy = tmp_path_factory.mktemp("checkout")
    for folder in (SOURCE, Path("infra")):
        copytree(ROOT / folder, copy / folder, ignore=ignore_patterns("*.tf", "__pycache__", ".*"))
    replaced(copy / OPTIONS, '    PictureOption("image", OptionKind.FILE', TABLE_LINE)
    field = "    source: SourceImage | None = None\n"
    replaced(copy / PARAMETERS, field, f"    clip_skip: int | None = None\n{field}")
    return copy


def test_a_new_option_is_two_lines_of_code_and_its_texts(copy: Path) -> None:
    """First each text that lacks is a sentence, also where the commands are registered."""
    lacking = run(copy, "-m", "infra.translations")
    assert lacking.returncode == 1
    assert lacking.stdout.splitlines() == [
        *(
            f"{one}: `imagine.clip_skip` has no text in {LOCALES}/commands/{one}.json"
            for one in LANGUAGES
        ),
        *(
            f"{one}: `parameters.clip_skip` has no text in {LOCALES}/{one}.json"
            for one in LANGUAGES
        ),
    ]
    failed = run(copy, "-c", "from infra.deploy.registration import registration; registration()")
    assert failed.stderr.splitlines()[-1].endswith(
        f"RegistrationError: en: `imagine.clip_skip` has no text in "
        f"{LOCALES.relative_to('src')}/commands/en.json. `make lint` lists all texts that lack."
    )

    described = {"imagine.clip_skip": ["clip_skip", "How many layers to leave out"]}
    for language in LANGUAGES:
        added(copy / LOCALES / "commands" / f"{language}.json", described)
        added(copy / LOCALES / f"{language}.json", {"parameters.clip_skip": "clip {clip_skip}"})
    complete = run(copy, "-m", "infra.translations")
    assert (complete.stdout, complete.returncode) == ("", 0)

    used = run(copy, "-c", USE)
    assert used.returncode == 0, used.stderr
    found = json.loads(used.stdout)
    registered = found.pop("registered")[0]
    assert (registered["type"], registered["min_value"], registered["max_value"]) == (4, 0, 3)
    assert registered["description_localizations"]["ja"] == "How many layers to leave out"
    assert found == {
        "refused": ["option_whole", {"option": "imagine.clip_skip", "low": "0", "high": "3"}],
        "given": 2,
        "not given": None,
        "read again": True,
        "of an older message": None,
        "in the batch key": True,
    }


def test_texts_that_nothing_names_and_places_that_differ_are_sentences(copy: Path) -> None:
    texts = {"done.deleted": "Von {author} entfernt.", "done.burnt": "Verbrannt."}
    added(copy / LOCALES / "de.json", texts)
    file = f"{LOCALES}/de.json"
    found = run(copy, "-m", "infra.translations").stdout.splitlines()
    assert [one for one in found if one.startswith("de: `done.")] == [
        f"de: `done.burnt` in {file} is not in en.json",
        f"de: `done.deleted` has, unlike English, the place {{author}} in {file}",
        f"de: `done.deleted` lacks the place {{user}} in {file}",
    ]
