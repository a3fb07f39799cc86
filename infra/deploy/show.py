"""What a person sees: findings, costs, plans, and how far it is."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from infra.capacity.estimate import Estimate
from infra.deploy.checks.finding import Finding, Verdict
from infra.deploy.plan import Plan

_MARKS = {
    Verdict.GOOD: "[green]✓[/]",
    Verdict.WARNING: "[yellow]![/]",
    Verdict.BAD: "[bold red]✗[/]",
}
_SHOWN_CHANGES = 40


class Show:
    """Writes to a terminal, or plain lines where there is none."""

    def __init__(self, console: Console | None = None) -> None:
        self._out = console or Console(soft_wrap=not sys.stdout.isatty())

    def line(self, text: str = "") -> None:
        """One line of text, as it is."""
        self._out.print(escape(text), highlight=False)

    def heading(self, text: str) -> None:
        """A heading."""
        self._out.print(f"\n[bold]{escape(text)}[/]", highlight=False)

    def findings(self, findings: Iterable[Finding]) -> None:
        """What the preflight found, and what to do."""
        self.heading("Preflight")
        for one in findings:
            self._out.print(
                f" {_MARKS[one.verdict]} [bold]{escape(one.name)}[/]: {escape(one.found)}",
                highlight=False,
            )
            if one.to_do:
                self._out.print(f"   → {escape(one.to_do)}", highlight=False)

    def estimate(self, found: Estimate, instance_type: str, maximum_tasks: int) -> None:
        """What the deployment will cost."""
        self.heading("What it costs (US dollars, before free allowances)")
        table = Table(show_header=False, box=None, padding=(0, 2))
        table.add_row("a month in which nobody asks", f"{found.idle_month:.2f}")
        if found.hour is not None:
            table.add_row(f"an hour of one instance ({instance_type})", f"{found.hour:.2f}")
        if found.thousand_pictures is not None:
            table.add_row("1,000 pictures by a busy instance", f"{found.thousand_pictures:.2f}")
        if found.most_per_hour is not None:
            table.add_row(
                f"at most in an hour ({maximum_tasks} instances, on demand)",
                f"{found.most_per_hour:.2f}",
            )
        self._out.print(table)
        for note in found.notes:
            self.line(f"  {note}")

    def plan(self, plan: Plan) -> None:
        """What Terraform would do, the removals first."""
        self.heading(f"Terraform: {plan.in_words()}")
        ordered = sorted(plan.changes, key=lambda change: not change.removes)
        for change in ordered[:_SHOWN_CHANGES]:
            color = "red" if change.removes else "default"
            actions = "/".join(change.actions)
            self._out.print(f"  [{color}]{actions:8}[/] {escape(change.address)}", highlight=False)
        if len(ordered) > _SHOWN_CHANGES:
            self.line(f"  and {len(ordered) - _SHOWN_CHANGES} more")

    @contextmanager
    def step(self, title: str) -> Iterator[Callable[[str], None]]:
        """Show that a step runs and how far it is; a line stays when it is done."""
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=self._out, transient=True) as progress:
            task = progress.add_task(escape(title))

            def tell(text: str) -> None:
                progress.update(task, description=f"{escape(title)}: {escape(text)}")

            try:
                yield tell
            except BaseException:
                self._out.print(f" {_MARKS[Verdict.BAD]} {escape(title)}", highlight=False)
                raise
            seconds = progress.tasks[task].elapsed or 0.0
        self._out.print(
            f" {_MARKS[Verdict.GOOD]} {escape(title)} ({seconds:.0f} s)", highlight=False
        )
