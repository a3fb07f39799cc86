"""When a deployment tests its worker."""

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from infra.deploy.choices import Choices, DeploymentSettings
from infra.deploy.flow import Flow
from infra.deploy.output import Output
from infra.deploy.plan import Change, Plan
from tests.deployments import deployment
from toolchain.layout import Layout


@dataclass(frozen=True)
class Deploying(Flow):
    """A flow that carries out the plan `found` and reaches no AWS."""

    found: Plan = Plan(())  # noqa: RUF009 - it is frozen

    def _begin(self) -> Any:
        workspace = SimpleNamespace(locked=nullcontext)
        return SimpleNamespace(deployment=deployment(), workspace=workspace), ()

    def _build_package(self, _context: Any) -> str:
        return "content-0"

    def _plan(self, _context: Any) -> Plan:
        return self.found

    def _apply(self, _context: Any, _plan: Plan) -> dict[str, Any]:
        return {}

    def _connect(self, _context: Any, _outputs: Any) -> str:
        return "https://bot.example"

    def _look_at_budget(self, _context: Any) -> None:
        """There is none."""

    def _test_worker(self, _context: Any, _outputs: Any) -> None:
        raise WorkerTestedError


class WorkerTestedError(Exception):
    """The worker is tested."""


CHANGED = Plan((Change("module.fleet.x", "aws_ecs_task_definition", ("create",)),))


@pytest.mark.parametrize(
    ("choice", "plan", "tested"),
    [
        (None, Plan(()), False),
        (None, CHANGED, True),
        # After a failed test and a correction that no plan shows, as of a quota.
        (True, Plan(()), True),
        (False, Plan(()), False),
    ],
)
def test_a_worker_is_tested_after_a_change_or_when_a_person_asks(
    tmp_path: Path, choice: bool | None, plan: Plan, tested: bool
) -> None:
    settings = DeploymentSettings.from_environ({})
    choices = Choices(image="content-0", smoke_test=choice)
    layout = Layout(tmp_path)
    flow = Deploying(choices, settings, layout, Output(), lambda _question: True, plan)
    with pytest.raises(WorkerTestedError) if tested else nullcontext():
        assert flow.deploy() == "https://bot.example"
