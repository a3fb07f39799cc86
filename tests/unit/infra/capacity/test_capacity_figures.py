"""Every figure has a source, and every figure is used."""

from pathlib import Path

import infra.capacity
from infra.capacity.figures import Mark, Stage, boots, figures, speed, speeds
from infra.capacity.step_scaling import MAXIMUM_STEPS

SOURCE = Path(infra.capacity.__file__).parent


def test_every_figure_that_somebody_published_cites_an_address() -> None:
    cited = {Mark.READ, Mark.EXCERPT}
    for key, figure in figures().numbers.items():
        assert figure.mark not in cited or "https://" in figure.source, key
        assert figure.source, key
        assert figure.read.year >= 2026, key


def test_every_figure_is_used() -> None:
    code = "".join(path.read_text() for path in SOURCE.rglob("*.py"))
    unused = [key for key in figures().numbers if f'"{key}"' not in code.replace("'", '"')]
    assert unused == ["scaling_steps"]
    assert figures().count("scaling_steps") == MAXIMUM_STEPS


def test_every_speed_cites_its_source_and_costs_less_on_spot() -> None:
    for known in speeds():
        assert known.source
        assert 0 < known.price.spot_dollars < known.price.dollars
        assert speed(known.name) is known


def test_a_boot_ends_with_the_worker_and_its_stages_add_up() -> None:
    for boot in boots().values():
        assert boot.steps[-1].stage is Stage.WORKER
        total = sum(boot.seconds(stage) for stage in Stage)
        assert total == boot.total_seconds


def test_a_boot_left_to_the_capacity_provider_differs_in_its_control_stage_alone() -> None:
    deployed, alone = boots()["deployed"], boots()["provider_alone"]
    for stage in Stage:
        same = deployed.seconds(stage) == alone.seconds(stage)
        assert same is (stage is not Stage.CONTROL)
