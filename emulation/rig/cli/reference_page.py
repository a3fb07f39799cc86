"""The generated page docs/reference/rig.md: every command of the rig, in Typer's own words."""

import typer
from typer.cli import get_docs_for_click
from typer.main import get_command

from emulation.rig.cli.main import app
from toolchain.layout import Layout

NAME = ".venv/bin/python -m emulation"


def page() -> str:
    """The page's Markdown."""
    command = get_command(app)
    context = typer.Context(command, info_name=NAME)
    return get_docs_for_click(obj=command, ctx=context, name=NAME, title="Commands of the rig")


if __name__ == "__main__":
    path = Layout.of_this_checkout().root / "docs" / "reference" / "rig.md"
    path.write_text(page(), encoding="utf-8")
