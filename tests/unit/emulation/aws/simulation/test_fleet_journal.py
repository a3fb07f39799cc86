"""The journal has an entry for every change, once and in order."""

from simulated_fleet import SimulatedFleet

from ecs_fleet_emulator.simulation.journal import Journal
from ecs_fleet_emulator.simulation.state import Status


def recorded(fleet: SimulatedFleet, journal: Journal, after: int = 0) -> list[str]:
    """The entries after a number, once the fleet's present state is recorded."""
    ids = {key: f"i-{key}" for key in fleet.state.instances}
    journal.record(fleet.state, fleet.snapshot, ids, fleet.now)
    return [f"{entry['what']} {entry['state']}" for entry in journal.after(after)]


def test_the_changes_of_a_fleet_that_scales_out_and_in_are_recorded_in_order() -> None:
    fleet, journal = SimulatedFleet(), Journal()
    assert recorded(fleet, journal) == ["service 0", "group 0"]
    fleet.change_service(desired=1)
    entries = []
    for _ in range(400):
        fleet.run(1.0)
        entries = recorded(fleet, journal)
    assert [entry for entry in entries if entry.startswith("task")] == [
        "task PROVISIONING",
        "task PENDING",
        "task RUNNING",
    ]
    assert entries.index("instance InService") < entries.index("container_instance ACTIVE")
    assert recorded(fleet, journal) == entries, "nothing is recorded twice"

    last = journal.after(0)[-1]["number"]
    fleet.protect(fleet.tasks(Status.RUNNING))
    fleet.change_service(desired=0)
    for _ in range(30):
        fleet.run(1.0)
        recorded(fleet, journal)
    assert "protection on" in recorded(fleet, journal, last)


def test_a_terminated_instance_is_recorded_once() -> None:
    fleet, journal = SimulatedFleet(), Journal()
    fleet.change_service(desired=1)
    fleet.run(400)
    recorded(fleet, journal)
    fleet.state.instances.clear()
    assert recorded(fleet, journal)[-2:] == ["instance Terminated"] * 2
    assert recorded(fleet, journal).count("instance Terminated") == 2
