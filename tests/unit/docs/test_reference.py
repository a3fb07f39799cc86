"""The pages of docs/reference are what the code generates: `make pages` writes them again."""

import re

import pytest

from ecs_fleet_emulator.services import requests_page
from emulation.rig.cli import reference_page
from infra.reference_pages import PAGES
from toolchain.layout import Layout

ROOT = Layout.of_this_checkout().root
REFERENCE = ROOT / "docs" / "reference"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_up_to_date(name: str) -> None:
    assert (REFERENCE / name).read_text() == PAGES[name]()


def test_the_page_on_the_rig_is_up_to_date() -> None:
    assert (REFERENCE / "rig.md").read_text() == reference_page.page()


def test_the_page_on_the_emulated_requests_is_up_to_date() -> None:
    assert (REFERENCE / "emulated-requests.md").read_text() == requests_page.page()


def test_every_terraform_variable_is_on_its_page() -> None:
    declared = re.findall(
        r'^variable "(\w+)"',
        "".join(path.read_text() for path in (ROOT / "infra").glob("*.tf")),
        re.MULTILINE,
    )
    listed = re.findall(r"^### (\w+)$", PAGES["terraform-variables.md"](), re.MULTILINE)
    assert sorted(listed) == sorted(declared)


def test_a_variable_says_what_it_is_what_holds_without_it_and_what_is_allowed() -> None:
    page = PAGES["environment-variables.md"]()
    assert "| Most pictures in one forward pass, however many would fit. | `16` |" in page
    assert "| `DISCORD_PUBLIC_KEY` | Ed25519 public key" in page.split("## Worker")[0]
    assert re.search(r"^\| `QUEUE_URL` \| .* \| required \|  \|$", page, re.MULTILINE)


def test_every_page_is_in_the_table_of_contents() -> None:
    docs = ROOT / "docs"
    contents = (docs / "index.md").read_text()
    missing = [
        name
        for path in docs.rglob("*.md")
        if (name := path.relative_to(docs).with_suffix("").as_posix()) != "index"
        and not name.startswith(("decisions/", "site/"))
        and not re.search(rf"^{name}$", contents, re.MULTILINE)
    ]
    assert missing == []
