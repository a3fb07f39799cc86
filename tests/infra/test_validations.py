"""Each validation of the root module's variables refuses what it should, and nothing else.

All values are planned at once: the root module's variables, and nothing else of it, are called as
a module again and again. Terraform reports the module call and the message of every refusal, which
`terraform test` does not: it says only which variable refused.
"""

import json
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.infra.terraform_module import LAYOUT, Module
from tests.infra.validation_cases import ACCEPTED, REFUSED, VALID, Values


@dataclass(frozen=True, eq=False)
class Case:
    """Values of which one is wrong, and the beginning of the message that refuses it."""

    message: str
    values: Values

    def is_about(self, message: str) -> bool:
        """Whether a message is of the same variable."""
        variable = re.match(r"\w+", self.message)
        return variable is not None and re.match(rf"{variable[0]}\b", message) is not None


CASES = [Case(message, values) for message, wrong in REFUSED.items() for values in wrong]


def module_calls(cases: Iterable[Case]) -> list[list[Case]]:
    """Cases in few groups, each of which sets a variable once at most: its calls are planned
    faster than a call for each case."""
    calls: list[list[Case]] = []
    for case in cases:
        for call in calls:
            if not any(case.values.keys() & other.values.keys() for other in call):
                call.append(case)
                break
        else:
            calls.append([case])
    return calls


def messages() -> list[str]:
    """Every validation's message."""
    text = "\n".join(path.read_text() for path in sorted(LAYOUT.infra.glob("variables*.tf")))
    return [json.loads(found) for found in re.findall(r'error_message = (".*")\n', text)]


@pytest.fixture(scope="module")
def root(terraform: Path, tmp_path_factory: pytest.TempPathFactory) -> Module:
    """A root module to call the variables from."""
    folder = tmp_path_factory.mktemp("variables") / "cases"
    variables = folder / "infra"
    variables.mkdir(parents=True)
    (folder.parent / str(VALID["lambda_package"])).touch()
    for path in LAYOUT.infra.glob("variables*.tf"):
        shutil.copyfile(path, variables / path.name)
    return Module(terraform, folder)


@dataclass(frozen=True)
class Refusals:
    """The messages with which Terraform refuses cases, and what should be accepted."""

    of_cases: dict[Case, list[str]]
    of_accepted: dict[str, list[str]]

    @classmethod
    def of(cls, root: Module, cases: Iterable[Case]) -> "Refusals":
        """Plan cases, and what should be accepted."""
        calls = {f"call_{number}": call for number, call in enumerate(module_calls(cases))}
        values = {
            name: dict(value for case in call for value in case.values.items())
            for name, call in calls.items()
        }
        found = _planned(root, values | ACCEPTED)
        accepted = {name: found.pop(name) for name in ACCEPTED}
        refused = {
            case: [message for message in found[name] if case.is_about(message)]
            for name, call in calls.items()
            for case in call
        }
        others = sum(map(len, found.values())) - sum(map(len, refused.values()))
        assert others == 0, "a right value is refused, too"
        return cls(refused, accepted)


def _planned(root: Module, calls: dict[str, Values]) -> dict[str, list[str]]:
    """The messages of a plan, by the name of the module call."""
    blocks = {name: {"source": "./infra", **VALID, **values} for name, values in calls.items()}
    (root.folder / "main.tf.json").write_text(json.dumps({"module": blocks}, indent=1))
    ended = root.run("init", "-no-color")
    assert ended.returncode == 0, ended.stderr
    found: dict[str, list[str]] = {name: [] for name in calls}
    for line in root.run("plan", "-json").stdout.splitlines():
        if diagnostic := json.loads(line).get("diagnostic"):
            assert diagnostic["summary"] == "Invalid value for variable", diagnostic
            call = diagnostic["snippet"]["context"].removeprefix("module.")
            found[call].append(diagnostic["detail"].split("\n\nThis was checked by")[0])
    return found


@pytest.fixture(scope="module")
def refusals(root: Module) -> Refusals:
    """What Terraform refuses.

    Before a plan Terraform validates each variable alone, with all others unknown; it plans only if
    none is refused. So what is not refused then is planned in a second run.
    """
    alone = Refusals.of(root, CASES)
    planned = Refusals.of(root, (case for case in CASES if not alone.of_cases[case]))
    return Refusals(alone.of_cases | planned.of_cases, planned.of_accepted)


def test_every_validation_has_a_wrong_value() -> None:
    tried = {message: [one for one in REFUSED if message.startswith(one)] for message in messages()}
    assert {message: ones for message, ones in tried.items() if len(ones) != 1} == {}
    assert len(tried) == len(messages()) == len(REFUSED), (
        "two messages are the same, or one is gone"
    )


@pytest.mark.parametrize("message", REFUSED)
def test_a_wrong_value_is_refused_by_its_validation_alone(refusals: Refusals, message: str) -> None:
    cases = [case for case in CASES if case.message == message]
    assert cases
    for case in cases:
        [refused_by] = refusals.of_cases[case]
        assert refused_by.startswith(message), case


@pytest.mark.parametrize("accepted", ACCEPTED)
def test_values_within_their_limits_are_accepted(refusals: Refusals, accepted: str) -> None:
    assert refusals.of_accepted[accepted] == []
