"""The reviewed survivors of mutation are in the source, and a run's verdict is right."""

import time
from pathlib import Path

import pytest

from tests.mutants import known, module_run
from tests.mutants.__main__ import main, modules, touched
from tests.mutants.known import KnownSurvivor
from tests.mutants.module_run import ModuleResult, MutationError, run
from tests.mutants.mutant import Mutant
from tests.mutants.report import Report
from toolchain.layout import Layout

ROOT = Layout.of_this_checkout().root
MODULE = "src/a.py"
FIRST = Mutant(MODULE, "f", "return 1", "return 2")
SECOND = Mutant(MODULE, "f", "return 1", "return None")


def known_as(mutant: Mutant, kind: str = "tuning") -> KnownSurvivor:
    return KnownSurvivor(mutant, kind, "why")


def a_report(
    *survivors: Mutant, reviewed: tuple[KnownSurvivor, ...] = (), mutants: int = 10
) -> Report:
    return Report(reviewed, [ModuleResult(MODULE, mutants, survivors, 1.0)])


def test_every_module_and_its_tests_exist() -> None:
    missing = [
        path
        for module, tests in modules().items()
        for path in (module, *tests)
        if not (ROOT / path).is_file()
    ]
    assert missing == []


def test_every_module_of_the_domain_and_of_the_adapters_is_mutated() -> None:
    source = Path("src/discord_diffusion")
    core = {
        (source / room / path.name).as_posix()
        for room in ("access", "aws", "fleet", "jobs")
        for path in (ROOT / source / room).glob("*.py")
    }
    assert core
    assert {name for name in core if not name.endswith("/__init__.py")} <= modules().keys()


def test_every_reviewed_survivor_is_a_line_of_the_source() -> None:
    reviewed = known.read()
    assert reviewed
    assert known.not_in_source(ROOT, reviewed) == []
    assert {each.mutant.module for each in reviewed} <= modules().keys()


@pytest.mark.parametrize(
    ("function", "before", "found"),
    [
        ("f", "return 1", True),
        ("f", "if x:\nreturn 1", True),
        ("f", "return 2", False),
        ("f", "return 1\nif x:", False),
        ("C.f", "return 2", True),
        ("C.f", "return 1", False),
        ("g", "return 1", False),
    ],
)
def test_a_reviewed_survivor_whose_line_is_gone_is_found(
    tmp_path: Path, function: str, before: str, found: bool
) -> None:
    source = (
        "def f(x):\n    if x:\n        return 1\n\nclass C:\n    def f(self):\n        return 2\n"
    )
    (tmp_path / "a.py").write_text(source)
    mutant = Mutant("a.py", function, before, "pass")
    assert known.not_in_source(tmp_path, [known_as(mutant)]) == ([] if found else [mutant])
    elsewhere = Mutant("b.py", function, before, "pass")
    assert known.not_in_source(tmp_path, [known_as(elsewhere)]) == [elsewhere]


@pytest.mark.parametrize("line", ['kind = "odd"', 'reason = ""', "changes = []"])
def test_a_reviewed_survivor_needs_a_kind_and_a_reason(tmp_path: Path, line: str) -> None:
    values = {"kind": '"text"', "reason": '"why"', "changes": '[["a", "b"]]', "function": '"f"'}
    entry = [f"{name} = {value}" for name, value in values.items()]
    file = tmp_path / "known.toml"
    file.write_text("\n".join([f'[["{MODULE}"]]', *entry]))
    assert known.read(file) == [KnownSurvivor(Mutant(MODULE, "f", "a", "b"), "text", "why")]
    name = line.split()[0]
    entry = [line if each.startswith(f"{name} ") else each for each in entry]
    file.write_text("\n".join([f'[["{MODULE}"]]', *entry]))
    with pytest.raises(ValueError, match=MODULE):
        known.read(file)


def test_a_module_is_run_if_it_or_one_of_its_tests_has_changed() -> None:
    tests_of = {"a": ["x", "y"], "b": ["z"], "c": ["y"]}
    assert touched(["a", "q"], tests_of) == ["a"]
    assert touched(["y"], tests_of) == ["a", "c"]
    assert touched([], tests_of) == []


def test_a_run_passes_while_at_most_3_percent_survive_without_a_reason() -> None:
    assert a_report(FIRST, mutants=34).problems() == []
    assert "1 of 33" in a_report(FIRST, mutants=33).problems()[0]
    # A survivor with a reason does not count at all: here 1 of 33 is left.
    report = a_report(FIRST, SECOND, reviewed=(known_as(SECOND),), mutants=34)
    assert "1 of 33" in report.problems()[0]
    assert report.unknown() == [FIRST]
    row = {"mutants": 34, "killed": 32, "equivalent": 0, "tuning": 1, "text": 0, "survivors": 1}
    assert report.row(report.results[0]) == row


def test_a_reason_for_a_mutant_that_is_killed_fails_the_run() -> None:
    report = a_report(FIRST, reviewed=(known_as(FIRST), known_as(SECOND)))
    (problem,) = report.problems()
    assert str(SECOND) in problem
    elsewhere = Mutant("src/b.py", "f", "return 1", "return 2")
    assert a_report(reviewed=(known_as(elsewhere),)).problems() == []


def test_a_line_that_occurs_twice_in_a_function_needs_two_reviews() -> None:
    report = a_report(FIRST, FIRST, reviewed=(known_as(FIRST),))
    assert report.unknown() == [FIRST]
    assert report.row(report.results[0])["survivors"] == 1
    assert a_report(FIRST, FIRST, reviewed=(known_as(FIRST),) * 2).unknown() == []
    assert a_report(FIRST, reviewed=(known_as(FIRST),) * 2).outdated() == [FIRST]


def test_the_table_has_a_line_for_each_module_and_their_sum() -> None:
    report = a_report(FIRST)
    report.results.append(ModuleResult("src/b.py", 5, (), 2.0))
    header, first, second, total = report.table().splitlines()
    assert header.split()[:3] == ["module", "mutants", "killed"]
    assert first.split() == ["src/a.py", "10", "9", "0", "0", "0", "1", "1"]
    assert second.split() == ["src/b.py", "5", "5", "0", "0", "0", "0", "2"]
    assert total.split() == ["all", "15", "14", "0", "0", "0", "1", "3"]


def a_checkout(folder: Path, module: str, source: str, test: str) -> Path:
    """A checkout of one module and one module of tests, with the plug-in of the run."""
    for name in ("emulation", "fixtures", "infra", "toolchain"):
        (folder / name).mkdir()
    (folder / "pyproject.toml").write_text('[tool.pytest.ini_options]\npythonpath = ["src", "."]\n')
    (folder / module).parent.mkdir(parents=True)
    (folder / module).write_text(source)
    tests = folder / "tests"
    (tests / "mutants").mkdir(parents=True)
    plugin = ROOT / "tests" / "mutants" / "pytest_plugin.py"
    (tests / "mutants" / "pytest_plugin.py").write_text(plugin.read_text())
    (tests / "test_small.py").write_text(test)
    return folder


def test_mutants_of_a_real_module_are_killed_or_named(tmp_path: Path) -> None:
    """The whole way, with mutmut, over a module of three lines."""
    source = "def larger(a: int, b: int) -> int:\n    return a if a > b else b\n"
    test = (
        "from small import larger\n\ndef test_it():\n"
        "    assert (larger(1, 2), larger(2, 1)) == (2, 2)\n"
    )
    root = a_checkout(tmp_path, "src/small.py", source, test)
    before = time.monotonic()
    result = run(root, "src/small.py", ["tests/test_small.py"], 1)
    assert result.mutants == 3
    before_and_after = [(each.function, each.before, each.after) for each in result.survivors]
    assert before_and_after == [("larger", "return a if a > b else b", "return a if a >= b else b")]
    assert 0 < result.seconds <= time.monotonic() - before


def test_a_mutant_of_what_is_cached_is_killed_by_a_later_test_than_the_first(
    tmp_path: Path,
) -> None:
    module = "src/discord_diffusion/small.py"
    source = (
        "from functools import cache\n\ndef built():\n    return 1 + 1\n\n"
        "@cache\ndef kept():\n    return built()\n"
    )
    test = (
        "from discord_diffusion.small import kept\n\n"
        "def test_first():\n    assert kept() is not None\n\n"
        "def test_later():\n    assert kept() == 2\n"
    )
    root = a_checkout(tmp_path, module, source, test)
    (root / module).with_name("__init__.py").touch()
    result = run(root, module, ["tests/test_small.py"], 1)
    assert (result.mutants, result.survivors) == (3, ())


def test_a_module_that_cannot_be_run_fails_the_run_and_keeps_no_other_from_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run_but_the_first(_root: Path, module: str, *_: object) -> ModuleResult:
        if module.endswith("fleet/pace.py"):
            raise MutationError("no test covers it")
        return ModuleResult(module, 10, (), 1.0)

    monkeypatch.setattr(module_run, "run", run_but_the_first)
    monkeypatch.setattr("tests.mutants.known.read", list)
    monkeypatch.setattr("sys.argv", ["mutants", "fleet/pace.py", "fleet/starts.py"])
    assert main() == 2
    printed = capsys.readouterr()
    assert "no test covers it" in printed.err
    assert "fleet/starts.py" in printed.out
