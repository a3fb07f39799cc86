"""Every figure has a source, and every figure is used."""

from importlib import resources
from pathlib import Path

import infra.capacity
from infra.capacity.figures import Mark, Stage, load
from infra.capacity.step_adjustments import MAXIMUM_STEPS

FIGURES = load()
SOURCE = Path(infra.capacity.__file__).parent


def test_every_figure_that_somebody_published_cites_an_address() -> None:
    cited = {Mark.READ, Mark.EXCERPT}
    for key, figure in FIGURES.numbers.items():
        assert figure.mark not in cited or "https://" in figure.source, key
        assert figure.source, key
        assert figure.read.year >= 2026, key


def test_every_figure_is_used() -> None:
    code = "".join(path.read_text() for path in SOURCE.rglob("*.py"))
    unused = [key for key in FIGURES.numbers if f'"{key}"' not in code.replace("'", '"')]
    assert unused == ["scaling_steps"]
    assert FIGURES.count("scaling_steps") == MAXIMUM_STEPS


def test_every_speed_cites_its_source_and_costs_less_on_spot() -> None:
    for speed in FIGURES.speeds:
        assert speed.source
        assert 0 < speed.spot_dollars < speed.dollars
        assert FIGURES.speed(speed.name) is speed


def test_a_boot_ends_with_the_worker_and_its_stages_add_up() -> None:
    for boot in FIGURES.boots.values():
        assert boot.steps[-1].stage is Stage.WORKER
        total = sum(boot.seconds(stage) for stage in Stage)
        assert total == boot.phases().total_seconds


def test_the_originals_boot_is_the_published_seven_minutes_and_one() -> None:
    assert FIGURES.boots["original"].phases().total_seconds == 7 * 60 + 60


def test_the_file_of_figures_is_part_of_the_package() -> None:
    assert resources.files(infra.capacity).joinpath("figures.toml").is_file()
