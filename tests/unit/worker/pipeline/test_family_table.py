"""The table of docs/models.md says what the worker does with each family."""

from pathlib import Path

import pytest

from tests.unit.worker.pipeline import family_table

pytestmark = pytest.mark.filterwarnings("ignore")

QUICK = (
    *("lcm", "flux2-klein", "qwen-image", "pixart-sigma", "cogview4", "kandinsky-3"),
    *family_table.INDICES,
)
"""Each is unlike the others in some way; `make models` draws the rest, too, in a minute."""


@pytest.mark.parametrize("family", QUICK)
def test_a_family_draws_or_is_refused_as_its_row_says(family: str, tmp_path: Path) -> None:
    row = family_table.measure(family, tmp_path)
    assert family_table.line(row) == family_table.written_line(family)


def test_every_family_has_a_row() -> None:
    for family in family_table.NAMES:
        assert family_table.written_line(family)
