"""Rules of the code that no linter knows."""

import ast
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from discord_diffusion.discord.original_response import USER_AGENT
from toolchain.layout import Layout

ROOT = Layout.of_this_checkout().root
SOURCE = ROOT / "src" / "discord_diffusion"


def modules() -> Iterator[tuple[Path, ast.Module]]:
    for path in SOURCE.rglob("*.py"):
        yield path.relative_to(SOURCE), ast.parse(path.read_text())


def test_only_the_settings_read_the_environment() -> None:
    readers = {
        str(path)
        for path, module in modules()
        for node in ast.walk(module)
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv", "environb")
    }
    assert readers == {"settings/reader.py"}


def test_every_variable_of_the_environment_has_its_own_name_and_a_meaning() -> None:
    sources = "".join(path.read_text() for path in (SOURCE / "settings").glob("*.py"))
    names = re.findall(r'^([A-Z_]+) = "([A-Z_]+)"\n"""(.+)', sources, re.MULTILINE)
    assert len(names) > 20
    assert len({value for _, value, _ in names}) == len(names)
    for constant, value, meaning in names:
        assert value == constant
        assert meaning


def test_the_user_agent_names_the_installed_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert re.fullmatch(r"DiscordBot \(https://\S+, \S+\)", USER_AGENT)
    assert USER_AGENT.endswith(f", {project['version']})")


def test_test_modules_have_different_names() -> None:
    names = Counter(path.name for path in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name, number in names.items() if number > 1] == []
