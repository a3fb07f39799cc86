"""Each validation of each variable refuses some case of `terraform test`.

`terraform test` reports which variable refused a case, but not which of its validations did. So the
cases are planned once more here, with the variables alone: no provider, no resources.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.infra.terraform_module import LAYOUT, Module

CASES = LAYOUT.infra / "tests" / "validations.tftest.hcl"
PACKAGE = "infra/tests/fixtures/package.txt"


def blocks(text: str, head: str) -> Iterator[str]:
    """The contents of formatted HCL blocks that begin with `head`, which has their indentation."""
    indent = re.match(r" *", head)[0]  # type: ignore[index]
    yield from re.findall(rf"^{head} \{{\n(.*?)^{indent}\}}", text, re.MULTILINE | re.DOTALL)


def cases() -> dict[str, str]:
    """The variables of each run, those that all runs share included, as a variable file."""
    text = CASES.read_text()
    [common] = blocks(text, "variables")
    runs = re.findall(r'^run "(\w+)" \{\n(.*?)^\}', text, re.MULTILINE | re.DOTALL)
    found = {}
    for name, body in runs:
        [own] = blocks(body, "  variables")
        named = re.findall(r"^    (\w+) +=", own, re.MULTILINE)
        kept = [line for line in common.splitlines() if line.split()[0] not in named]
        found[name] = "\n".join([*kept, own])
    return found


def messages() -> set[str]:
    """Every validation's message."""
    text = "\n".join(path.read_text() for path in sorted(LAYOUT.infra.glob("variables*.tf")))
    found = re.findall(r'error_message = "(.*)"\n', text)
    assert len(found) == len(set(found)), "two validations have one message"
    return {message.replace('\\"', '"') for message in found}


@pytest.fixture(scope="module")
def variables(terraform: Path, tmp_path_factory: pytest.TempPathFactory) -> Module:
    """The root module's variables, and nothing else of it."""
    folder = tmp_path_factory.mktemp("variables") / "infra"
    folder.mkdir()
    for path in LAYOUT.infra.glob("variables*.tf"):
        shutil.copyfile(path, folder / path.name)
    package = folder.parent / PACKAGE
    package.parent.mkdir(parents=True)
    package.touch()
    for name, text in cases().items():
        (folder / f"{name}.tfvars").write_text(text)
    return Module(terraform, folder)


def plan(variables: Module, case: str) -> subprocess.CompletedProcess[str]:
    """Terraform's result of a plan with the variables of a case."""
    return variables.run(
        "plan", "-no-color", "-input=false", "-lock=false", f"-var-file={case}.tfvars"
    )


def test_each_validation_refuses_some_case(variables: Module) -> None:
    with ThreadPoolExecutor() as pool:
        errors = list(pool.map(lambda case: plan(variables, case).stderr, cases()))
    assert len(errors) > 25
    # Terraform breaks lines, with a bar before each.
    all_errors = " ".join(re.sub(r"[\s│]+", " ", error) for error in errors)
    untried = [message for message in messages() if message not in all_errors]
    assert untried == []


def test_the_common_variables_of_the_cases_are_valid(variables: Module) -> None:
    [common] = blocks(CASES.read_text(), "variables")
    (variables.folder / "accepted.tfvars").write_text(common)
    ended = plan(variables, "accepted")
    assert ended.returncode == 0, ended.stderr
