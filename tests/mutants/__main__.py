"""`python -m tests.mutants [--all | --base REF | MODULE...]`: does a test fail for each mutant?

Without arguments, the modules that the working tree changes against `origin/main`, or whose tests.
"""

import argparse
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.mutants import known, module_run
from tests.mutants.report import Report
from toolchain.layout import Layout

_MODULES = Path(__file__).with_name("modules.toml")
_DEFAULT_BASE = "origin/main"


def modules() -> dict[str, list[str]]:
    """The modules of the core, each with the test modules that must kill its mutants."""
    found: dict[str, list[str]] = tomllib.loads(_MODULES.read_text())["modules"]
    return found


def touched(paths: Sequence[str], tests_of: Mapping[str, Sequence[str]]) -> list[str]:
    """The modules that are among the paths, or one of whose tests is."""
    changed = set(paths)
    return [module for module, tests in tests_of.items() if changed & {module, *tests}]


def _changed_paths(root: Path, base: str) -> list[str]:
    """The paths that differ from the commit where this branch left `base`, new files included."""

    def git(*words: str) -> list[str]:
        command = ["git", *words]
        ended = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        if ended.returncode:
            raise module_run.MutationError(
                f"git {' '.join(words)}: {ended.stderr.strip()}\n"
                "Name a commit that exists: make mutants BASE=main"
            )
        return ended.stdout.splitlines()

    (left,) = git("merge-base", base, "HEAD")
    return git("diff", "--name-only", left) + git("ls-files", "--others", "--exclude-standard")


def _chosen(root: Path, given: argparse.Namespace) -> list[str]:
    tests_of = modules()
    if given.modules:
        chosen = [each for each in tests_of if any(each.endswith(name) for name in given.modules)]
        if not chosen:
            raise module_run.MutationError(f"Not in {_MODULES.name}: {', '.join(given.modules)}")
        return chosen
    return list(tests_of) if given.all else touched(_changed_paths(root, given.base), tests_of)


def main() -> int:
    """Run; 1 if too many mutants survive or the reviewed list is outdated, 2 if a module fails."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", help="ends of paths, such as worker/lease.py")
    parser.add_argument("--all", action="store_true", help="all modules of modules.toml")
    parser.add_argument("--base", default=_DEFAULT_BASE, help="the commit to compare with")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    root = Layout.of_this_checkout().root
    report = Report(known.read())
    try:
        chosen = _chosen(root, given)
    except module_run.MutationError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if not chosen:
        sys.stdout.write(f"No module of the core differs from {given.base}.\n")
        return 0
    failed = [one for one in chosen if not _try(root, one, given.processes, report)]
    if report.results:
        survivors = [f"Survived: {mutant}" for mutant in report.unknown()]
        problems = report.problems()
        sys.stdout.write("\n".join(["", *survivors, *problems, report.table(), ""]))
        return 2 if failed else 1 if problems else 0
    return 2


def _try(root: Path, module: str, processes: int, report: Report) -> bool:
    """Whether the mutants of a module could be tested; the others are tested all the same."""
    sys.stderr.write(f"{module} ...\n")
    try:
        report.results.append(module_run.run(root, module, modules()[module], processes))
    except module_run.MutationError as error:
        sys.stderr.write(f"{error}\n")
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
