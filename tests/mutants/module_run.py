"""Runs mutmut over one module, in a folder of its own below `build/`."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import status_by_exit_code
from mutmut.utils.format_utils import orig_function_and_class_names_from_key

from tests.mutants.mutant import Mutant

_FOLDERS = frozenset({"docs", "emulation", "fixtures", "infra", "src", "tests", "toolchain"})
"""Folders that the tests import or read; all but that of the module are linked, not copied."""
_ENVIRONMENT = {"OMP_NUM_THREADS": "1"}
"""torch's threads do not outlive a fork, and each mutant is tested in one."""
_LOG_LINES = r"(^|\s)(log\.\w+\(|extra(: dict\[str, object\])? = |extra\[)"
"""What only a log line says is not mutated."""
_KILLED = ("killed", "timeout", "segfault")


class MutationError(Exception):
    """Mutants could not be tested; the text says why."""


@dataclass(frozen=True)
class ModuleResult:
    """`mutants` were tested, of which `survivors` were not killed."""

    module: str
    mutants: int
    survivors: tuple[Mutant, ...]
    seconds: float


def run(root: Path, module: str, tests: Sequence[str], processes: int) -> ModuleResult:
    """Test all mutants of a module of the checkout.

    Raises:
        MutationError: a test fails without any mutant, or mutmut itself fails.
    """
    started = time.monotonic()
    folder = root / "build" / "mutants" / module.removesuffix(".py").replace("/", ".")
    _prepare(root, folder, module, tests)
    command = [str(Path(sys.executable).with_name("mutmut")), "run"]
    log = folder / "mutmut.log"
    with log.open("w") as output:
        ended = subprocess.run(
            [*command, "--max-children", str(processes)],
            cwd=folder, env=os.environ | _ENVIRONMENT,
            stdout=output, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
    meta = folder / "mutants" / f"{module}.meta"
    if ended.returncode or not meta.exists():
        tail = "\n".join(log.read_text().replace("\r", "\n").splitlines()[-40:])
        raise MutationError(f"mutmut failed for {module} (all of it is in {log}):\n{tail}")
    codes: dict[str, int | None] = json.loads(meta.read_text())["exit_code_by_key"]
    survivors = [name for name, code in codes.items() if status_by_exit_code[code] not in _KILLED]
    with chdir(folder):
        found = tuple(_mutant(module, name) for name in survivors)
    return ModuleResult(module, len(codes), found, time.monotonic() - started)


def _prepare(root: Path, folder: Path, module: str, tests: Sequence[str]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    inside = folder / "mutants"
    inside.mkdir(parents=True)
    source = module.split("/")[0]
    (folder / source).symlink_to(root / source)
    for name in _FOLDERS - {source}:
        (inside / name).symlink_to(root / name)
    settings = {
        "source_paths": [source],
        "only_mutate": [module],
        "do_not_mutate_patterns": [_LOG_LINES],
        "pytest_add_cli_args_test_selection": list(tests),
        "pytest_add_cli_args": ["-p", "no:cacheprovider", "-p", "tests.mutants.pytest_plugin"],
        # A mutant that never ends is stopped after 5 x (the time of its tests + 2 s).
        "timeout_multiplier": 5.0,
        "timeout_constant": 2.0,
        "use_git_change_detection": False,
        "track_dependencies": False,
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    project = (root / "pyproject.toml").read_text()
    (folder / "pyproject.toml").write_text("\n".join([project, "[tool.mutmut]", *lines, ""]))


def _mutant(module: str, name: str) -> Mutant:
    function, owner = orig_function_and_class_names_from_key(name)
    lines = get_diff_for_mutant(name, path=module).splitlines()[2:]
    before, after = (
        "\n".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+"
    )
    return Mutant(module, f"{owner}.{function}" if owner else function, before, after)
