"""The set-up runs the steps whose inputs changed, once, in order."""

import io
import threading
from pathlib import Path

import pytest

from toolchain.display import Display
from toolchain.errors import SetupError
from toolchain.steps import Plan, Step, files_digest


def quiet() -> Display:
    return Display(io.StringIO())


class Workshop:
    """Makes steps that record their runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.done: list[str] = []

    def step(self, title: str, *needs: str, inputs: str = "1") -> Step:
        def action() -> None:
            (self.folder / title).touch()
            self.done.append(title)

        return Step(title, action, (inputs,), self.folder / title, needs)

    def run(self, *steps: Step) -> list[str]:
        self.done.clear()
        Plan(steps, self.folder / "stamps").run(quiet())
        return self.done


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


def test_a_second_run_does_nothing(workshop: Workshop) -> None:
    steps = workshop.step("a"), workshop.step("b", "a")
    assert workshop.run(*steps) == ["a", "b"]
    assert workshop.run(*steps) == []


def test_a_changed_input_runs_the_step_and_all_that_need_it(workshop: Workshop) -> None:
    workshop.run(workshop.step("a"), workshop.step("b", "a"), workshop.step("c"))
    changed = workshop.step("a", inputs="2"), workshop.step("b", "a"), workshop.step("c")
    assert workshop.run(*changed) == ["a", "b"]


def test_a_missing_result_is_made_again(workshop: Workshop) -> None:
    workshop.run(workshop.step("a"))
    (workshop.folder / "a").unlink()
    assert workshop.run(workshop.step("a")) == ["a"]


def test_steps_that_need_each_other_run_in_order_whatever_their_number(workshop: Workshop) -> None:
    chain = [workshop.step("s0")] + [workshop.step(f"s{n}", f"s{n - 1}") for n in range(1, 12)]
    assert workshop.run(*chain) == [step.title for step in chain]


def test_independent_steps_run_side_by_side(tmp_path: Path) -> None:
    meeting = threading.Barrier(2, timeout=60)
    steps = [Step(name, meeting.wait, (), tmp_path) for name in ("left", "right")]  # type: ignore[arg-type]
    assert Plan(steps, tmp_path / "stamps").run(quiet()) == 2


def test_after_a_failure_dependent_steps_do_not_run_and_the_next_run_repeats_it(
    workshop: Workshop,
) -> None:
    def fail() -> None:
        raise SetupError("no disk")

    broken = Step("a", fail, ("1",), workshop.folder)
    with pytest.raises(SetupError, match="no disk"):
        workshop.run(broken, workshop.step("b", "a"))
    assert workshop.done == []
    assert workshop.run(workshop.step("a"), workshop.step("b", "a")) == ["a", "b"]


def test_the_digest_sees_contents_and_ignores_byte_code(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text("1")
    before = files_digest(tmp_path)
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "code.pyc").write_text("x")
    assert files_digest(tmp_path) == before
    (tmp_path / "code.py").write_text("2")
    assert files_digest(tmp_path) != before
