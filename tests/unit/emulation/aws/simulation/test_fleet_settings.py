"""Invalid settings of the simulated AWS are refused, and the error says why."""

import pytest

from ecs_fleet_emulator.errors import InvalidSettingsError
from ecs_fleet_emulator.simulation.settings import Settings


def test_delays_can_differ_between_groups() -> None:
    found = Settings().changed({"pull_seconds": 9, "groups": {"slow": {"launch_seconds": 300}}})
    assert found.delays_of("slow").launch_seconds == 300
    assert found.delays_of("other").launch_seconds == 40
    assert found.delays_of("other").pull_seconds == 9


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"sped": 1}, "'sped' is no setting"),
        ({"speed": 0}, "speed is 0"),
        ({"speed": True}, "speed is True"),
        ({"launch_seconds": -1}, "launch_seconds is -1"),
        ({"groups": {"g": {"speed": 2}}}, "groups.g"),
        ({"groups": 3}, "groups is 3"),
    ],
)
def test_an_invalid_setting_is_refused_by_name(values: dict[str, object], named: str) -> None:
    with pytest.raises(InvalidSettingsError, match=named):
        Settings().changed(values)
