"""The output of the deploy step: findings, costs, plans and progress."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from infra.capacity.estimate import Estimate
from infra.deploy.finding import Finding, Verdict
from infra.deploy.plan import Plan

_MARKS = {
    Verdict.GOOD: "[green]✓[/]",
    Verdict.WARNING: "[yellow]![/]",
    Verdict.BAD: "[bold red]✗[/]",
}
_ORDER = (Verdict.BAD, Verdict.WARNING, Verdict.GOOD)


class Output:
    """Writes to a terminal, or plain lines if standard output is no terminal."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(soft_wrap=not sys.stdout.isatty())

    def line(self, text: str = "") -> None:
        """Write one line of text without markup."""
        self._console.print(escape(text), highlight=False)

    def lines(self, texts: Iterable[str]) -> None:
        """Write lines, indented."""
        for text in texts:
            self.line(f"  {text}")

    def heading(self, text: str) -> None:
        """Write a heading."""
        self._console.print(f"\n[bold]{escape(text)}[/]", highlight=False)

    def findings(self, findings: Iterable[Finding], heading: str = "Preflight") -> None:
        """Write findings, each with its remedy, below a heading: what stops a person first."""
        self.heading(heading)
        for finding in sorted(findings, key=lambda finding: _ORDER.index(finding.verdict)):
            self.finding(finding)

    def finding(self, finding: Finding) -> None:
        """Write one finding, with its remedy."""
        name = f"[bold]{escape(finding.name)}[/]"
        self._console.print(
            f" {_MARKS[finding.verdict]} {name}: {escape(finding.found)}", highlight=False
        )
        if finding.to_do:
            self._console.print(f"   → {escape(finding.to_do)}", highlight=False)

    def estimate(self, found: Estimate, instance_type: str, maximum_tasks: int) -> None:
        """Write the estimated costs of the deployment."""
        self.heading("What it costs (US dollars, before free allowances)")
        rows = (
            ("a month in which nobody asks", found.idle_month),
            (f"an hour of one instance ({instance_type})", found.hour),
            ("1,000 pictures by a busy instance", found.thousand_pictures),
            (f"at most in an hour ({maximum_tasks} instances, on demand)", found.most_per_hour),
            (
                f"at most in a month ({found.most_hours:.0f} hours of instances, on demand)",
                found.most_per_month,
            ),
        )
        table = Table(show_header=False, box=None, padding=(0, 2))
        for name, dollars in rows:
            if dollars is not None:
                table.add_row(name, f"{dollars:.2f}")
        self._console.print(table)
        self.line(
            "  The month ends at the caps of `safeguards`: then the fleet sleeps until the next."
        )
        self.lines(found.notes)

    def plan(self, plan: Plan) -> None:
        """Write every change of a plan, the removals first."""
        self.heading(f"Terraform: {plan.summary()}")
        ordered = sorted(plan.changes, key=lambda change: not change.removes)
        for change in ordered:
            color = "red" if change.removes else "default"
            actions = "/".join(change.actions)
            text = f"  [{color}]{actions:8}[/] {escape(change.address)}"
            self._console.print(text, highlight=False)

    @contextmanager
    def looking(self, title: str) -> Iterator[None]:
        """Show that something is looked at; leave no line, since its findings have marks."""
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=self._console, transient=True) as progress:
            progress.add_task(escape(title))
            yield

    @contextmanager
    def step(self, title: str) -> Iterator[Callable[[str], None]]:
        """Show a step's progress while it runs; leave one line when it has ended."""
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=self._console, transient=True) as progress:
            task = progress.add_task(escape(title))

            def report(text: str) -> None:
                progress.update(task, description=f"{escape(title)}: {escape(text)}")

            try:
                yield report
            except BaseException:
                self._console.print(f" {_MARKS[Verdict.BAD]} {escape(title)}", highlight=False)
                raise
            seconds = progress.tasks[task].elapsed or 0.0
        done = f" {_MARKS[Verdict.GOOD]} {escape(title)} ({seconds:.0f} s)"
        self._console.print(done, highlight=False)
