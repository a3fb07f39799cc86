"""Runs checkov and parliament from an environment of their own, which the first use creates."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolchain.commands import clean_environment, run
from toolchain.display import Display
from toolchain.layout import Layout, python_of
from toolchain.setup import policy_plan
from toolchain.steps import one_at_a_time

_AUDIT = Path(__file__).with_name("audit.py")
# Nothing is downloaded: the rules are those of the release. Parsing is slow on a busy machine.
_OFFLINE = {"CKV_SKIP_PACKAGE_UPDATE_CHECK": "true", "HCL_PARSE_TIMEOUT_SEC": "240"}


@dataclass(frozen=True)
class Checked:
    """The result of one checkov rule for one resource."""

    rule: str
    title: str
    resource: str
    file: str


@dataclass(frozen=True)
class Scan:
    """All results of checkov; `unparsed` are files that it could not parse."""

    passed: tuple[Checked, ...]
    failed: tuple[Checked, ...]
    skipped: tuple[Checked, ...]
    unparsed: tuple[str, ...]


@dataclass(frozen=True)
class Tools:
    """checkov and parliament, ready to run; neither reaches the network."""

    folder: Path

    @classmethod
    def ready(cls, layout: Layout) -> "Tools":
        """The tools of a checkout; they are installed from their lock if they are not yet.

        Raises:
            SetupError: they could not be installed.
        """
        with one_at_a_time(layout.cache), Display() as display:
            policy_plan(layout).run(display)
        return cls(python_of(layout.policy_environment).parent)

    def checkov(self, folder: Path) -> Scan:
        """Check the Terraform files below a folder with every rule of checkov.

        Raises:
            CommandFailedError: checkov itself failed.
        """
        words = ["checkov", "--directory", ".", "--framework", "terraform", "--compact"]
        words += ["--skip-download", "--soft-fail", "--output", "json"]
        results = json.loads(self._output(words, folder))["results"]
        return Scan(
            _checked(results["passed_checks"]),
            _checked(results["failed_checks"]),
            _checked(results["skipped_checks"]),
            tuple(results["parsing_errors"]),
        )

    def parliament(self, policies: Mapping[str, str]) -> list[str]:
        """The findings of parliament in policies, by the policy's name.

        Justified findings (`audit.JUSTIFIED`) are left out.

        Raises:
            CommandFailedError: parliament itself failed.
        """
        words = ["python", str(_AUDIT)]
        found: list[str] = json.loads(self._output(words, _AUDIT.parent, json.dumps(policies)))
        return found

    def _output(self, words: list[str], folder: Path, stdin: str = "") -> str:
        env = {name: value for name, value in clean_environment().items() if name != "LOG_LEVEL"}
        program, *arguments = words
        return run(
            [self.folder / program, *arguments], env=env | _OFFLINE, folder=folder, stdin=stdin
        )


def _checked(found: list[dict[str, Any]]) -> tuple[Checked, ...]:
    return tuple(
        Checked(
            result["check_id"],
            result["check_name"],
            result["resource"],
            result["file_path"],
        )
        for result in found
    )
