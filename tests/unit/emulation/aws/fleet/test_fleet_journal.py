"""The fleet's history: every change once, in order."""

from discord_diffusion_emulator.simulation.journal import Journal
from discord_diffusion_emulator.simulation.state import Status
from fleet_rig import Rig


def told(rig: Rig, journal: Journal, after: int = 0) -> list[str]:
    """What is new, in short."""
    names = {key: f"i-{key}" for key in rig.fleet.state.machines}
    journal.look(rig.fleet.state, rig.world, names, rig.now)
    return [f"{one['what']} {one['state']}" for one in journal.after(after)]


def test_a_fleet_that_wakes_and_sleeps_is_told_in_order() -> None:
    rig, journal = Rig(), Journal()
    assert told(rig, journal) == ["service 0", "group 0"]
    rig.service(desired=1)
    seen = []
    for _ in range(400):
        rig.run(1.0)
        seen = told(rig, journal)
    assert [one for one in seen if one.startswith("task")] == [
        "task PROVISIONING",
        "task PENDING",
        "task RUNNING",
    ]
    assert seen.index("instance InService") < seen.index("container_instance ACTIVE")
    assert told(rig, journal) == seen, "nothing is told twice"

    last = journal.after(0)[-1]["number"]
    rig.protect(rig.tasks(Status.RUNNING))
    rig.service(desired=0)
    for _ in range(30):
        rig.run(1.0)
        told(rig, journal)
    assert "protection on" in told(rig, journal, last)


def test_an_instance_that_is_gone_is_told_of_once() -> None:
    rig, journal = Rig(), Journal()
    rig.service(desired=1)
    rig.run(400)
    told(rig, journal)
    rig.fleet.state.machines.clear()
    assert told(rig, journal)[-2:] == ["instance Terminated"] * 2
    assert told(rig, journal).count("instance Terminated") == 2
