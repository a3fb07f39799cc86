"""The memory plans of docs/models.md are those that the code makes."""

from tests.unit.worker.plan import plan_table


def test_the_page_has_the_plans_of_every_known_model() -> None:
    assert plan_table.written() == plan_table.render()
