"""Faults of a whole simulated fleet: what AWS shows while they last, and that they end."""

import signal

from ecs_fleet_emulator.simulation.state import Fault, Phase, Status
from tests.unit.emulation.aws.simulation.simulated_fleet import SimulatedFleet, snapshot


def test_an_instance_that_never_registers_is_in_service_for_ever_and_gets_no_task() -> None:
    fleet = SimulatedFleet(snapshot(desired=1, maximum=1))
    fleet.simulation.set_fault(Fault.NO_REGISTRATION, on=True)
    fleet.run(7200)
    [instance] = fleet.state.instances.values()
    assert (instance.phase, instance.registered) == (Phase.IN_SERVICE, False)
    assert fleet.tasks(Status.PROVISIONING) == ["task-1"]
    fleet.simulation.set_fault(Fault.NO_REGISTRATION, on=False)
    fleet.run(300)
    assert fleet.running == 1


def test_a_disconnected_agent_gets_no_task_and_does_not_stop_the_one_that_runs() -> None:
    fleet = SimulatedFleet(snapshot(desired=1, maximum=1))
    fleet.run_until(lambda: fleet.running == 1)
    fleet.simulation.set_fault(Fault.AGENT_DISCONNECTED, on=True)
    fleet.change_service(desired=0)
    fleet.run(600)
    assert fleet.tasks(Status.STOPPING) == ["task-1"]
    assert fleet.signals(signal.SIGTERM) == []
    fleet.simulation.set_fault(Fault.AGENT_DISCONNECTED, on=False)
    fleet.run(60)
    assert len(fleet.signals(signal.SIGTERM)) == 1
    assert fleet.tasks(Status.STOPPED) == ["task-1"]


def test_an_instance_without_its_agent_drains_until_somebody_ends_it() -> None:
    fleet = SimulatedFleet(snapshot(desired=1, maximum=1))
    fleet.run_until(lambda: fleet.running == 1)
    fleet.simulation.set_fault(Fault.AGENT_DISCONNECTED, on=True)
    fleet.change_service(desired=0)
    fleet.change_group(desired=0)
    fleet.simulation.terminate(1, "by request", fleet.now, drains=True)
    fleet.run(300)
    assert fleet.instances == 1, "ECS waits for a task that it cannot stop"
    assert fleet.simulation.end_draining(1, fleet.now)
    fleet.run(60)
    assert fleet.instances == 0
    assert fleet.tasks(Status.STOPPED) == ["task-1"]


def test_a_task_that_cannot_pull_its_image_fails_with_awss_words_after_growing_pauses() -> None:
    fleet = SimulatedFleet(snapshot(desired=1, maximum=1))
    fleet.simulation.set_fault(Fault.IMAGE_PULL, on=True)
    fleet.run(1800)
    stopped = [task for task in fleet.state.tasks.values() if task.status is Status.STOPPED]
    assert 3 <= len(stopped) <= 10
    assert {task.stop_code for task in stopped} == {"TaskFailedToStart"}
    assert all(task.reason.startswith("CannotPullContainerError: ") for task in stopped)
    assert fleet.instances == 1, "ECS keeps it for the task that waits"
