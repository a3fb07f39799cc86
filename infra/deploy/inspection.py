"""Commands that look at a deployment and change nothing: diagnose, collect."""

from dataclasses import dataclass
from pathlib import Path

from infra.deploy.choices import Choices, DeploymentSettings
from infra.deploy.collection import collect
from infra.deploy.diagnosis import diagnose
from infra.deploy.errors import RefusedError
from infra.deploy.finding import Finding, Verdict
from infra.deploy.output import Output
from infra.deploy.preflight import DeployContext, run_preflight
from toolchain.layout import Layout


@dataclass(frozen=True)
class Inspection:
    """One run of such a command."""

    choices: Choices
    settings: DeploymentSettings
    layout: Layout
    output: Output

    def diagnose(self) -> tuple[Finding, ...]:
        """Show what is wrong with the deployment, each finding with its remedy."""
        context, _ = self._context()
        found = self._diagnosed(context)
        sick = [one for one in found if one.verdict is Verdict.BAD]
        self.output.line()
        self.output.line(
            f"{len(sick)} findings need somebody." if sick else "Nothing is wrong that shows."
        )
        return found

    def collect(self) -> Path:
        """Write a file with everything that explains a sick deployment; return its path."""
        context, first = self._context()
        found = (*first, *self._diagnosed(context))
        with self.output.step("Collect descriptions and logs"):
            path = collect(
                context.aws,
                context.deployment,
                found,
                context.workspace.log,
                context.workspace.folder / "collected",
                context.token,
            )
        self.output.lines(
            (
                f"Send this file: {path}",
                "It holds descriptions and logs of the deployment, no token, no prompt of a user "
                "and no picture.",
            )
        )
        return path

    def _context(self) -> tuple[DeployContext, tuple[Finding, ...]]:
        with self.output.looking("Look at account, region and state"):
            found = run_preflight(self.choices, self.settings, self.layout, removal=True)
        self.output.findings(found.findings)
        if found.context is None:
            raise RefusedError("The account cannot be looked at: correct what is marked above.")
        return found.context, found.findings

    def _diagnosed(self, context: DeployContext) -> tuple[Finding, ...]:
        with self.output.looking(f"Look at {context.deployment.prefix}"):
            found = diagnose(context.aws, context.deployment)
        self.output.findings(found, "Diagnosis")
        return found
