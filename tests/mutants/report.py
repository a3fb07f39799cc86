"""What a run over modules says: a table, the survivors that nobody reviewed, and the verdict."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.mutants.known import KINDS, KnownSurvivor
from tests.mutants.module_run import ModuleResult
from tests.mutants.mutant import Mutant

MOST_SURVIVORS = 0.03
"""The largest share that may survive of the mutants that have no reviewed reason."""


@dataclass
class Report:
    """The results of modules, compared with the reviewed survivors."""

    known: Iterable[KnownSurvivor]
    results: list[ModuleResult] = field(default_factory=list)

    def row(self, result: ModuleResult) -> dict[str, int]:
        """The mutants of one module: all, killed, by kind of reviewed reason, and survivors."""
        kinds = {each.mutant: each.kind for each in self.known}
        unknown = self._unknown(result)
        found = [kinds[mutant] for mutant in (Counter(result.survivors) - unknown).elements()]
        counts = {kind: found.count(kind) for kind in KINDS} | {"survivors": unknown.total()}
        killed = result.mutants - len(result.survivors)
        return {"mutants": result.mutants, "killed": killed} | counts

    def unknown(self) -> list[Mutant]:
        """The survivors that have no reviewed reason."""
        return [mutant for result in self.results for mutant in self._unknown(result).elements()]

    def _unknown(self, result: ModuleResult) -> Counter[Mutant]:
        """Lines that occur twice in a function need two entries of the list."""
        return Counter(result.survivors) - Counter(each.mutant for each in self.known)

    def outdated(self) -> list[Mutant]:
        """Reviewed survivors of these modules that are killed now, or are no mutants any more."""
        modules = {result.module for result in self.results}
        reviewed = Counter(each.mutant for each in self.known if each.mutant.module in modules)
        survivors = Counter(mutant for result in self.results for mutant in result.survivors)
        return list((reviewed - survivors).elements())

    def problems(self) -> list[str]:
        """Why the run fails; empty if it passes."""
        rows = [self.row(result) for result in self.results]
        survivors = sum(row["survivors"] for row in rows)
        matter = sum(row["killed"] for row in rows) + survivors
        found = [f"In the reviewed list, but no survivor:\n    {each}" for each in self.outdated()]
        if survivors > MOST_SURVIVORS * matter:
            found.append(f"{survivors} of {matter} mutants that matter survive: more than 3 %")
        return found

    def table(self) -> str:
        """One line a module, and their sums."""
        rows = [self.row(result) for result in self.results]
        names = [result.module.removeprefix("src/discord_diffusion/") for result in self.results]
        seconds = [result.seconds for result in self.results]
        sums = {name: sum(row[name] for row in rows) for name in rows[0]}
        lines = [_line("module", [*sums, "seconds"])]
        for name, row, took in zip(
            [*names, "all"], [*rows, sums], [*seconds, sum(seconds)], strict=True
        ):
            lines.append(_line(name, [*row.values(), round(took)]))
        return "\n".join(lines)


def _line(name: str, cells: Sequence[object]) -> str:
    return f"{name:<42}" + "".join(f"{cell!s:>11}" for cell in cells)
