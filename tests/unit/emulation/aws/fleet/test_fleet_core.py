"""A fleet wakes, grows, shrinks and sleeps as it does on AWS."""

from discord_diffusion_emulator.simulation import effects
from discord_diffusion_emulator.simulation.settings import Settings
from discord_diffusion_emulator.simulation.state import Crash, Phase, Status
from fleet_rig import SERVICE, Rig, world
from hypothesis import given, settings
from hypothesis import strategies as st


def running(number: int = 1, **changes: object) -> Rig:
    """A fleet with so many tasks running."""
    rig = Rig(world(number), Settings().changed(dict(changes)))
    rig.until(lambda: rig.running == number)
    rig.run(1)
    return rig


def test_a_fleet_that_nobody_asks_for_does_nothing_at_all() -> None:
    rig = Rig()
    rig.run(3600)
    assert rig.told() == ["(service worker) has reached a steady state."]
    assert rig.fleet.next_due is None


def test_the_first_scale_out_from_zero_asks_for_two_instances() -> None:
    rig = running(1)
    at, ask = rig.done(effects.Ask)[0]
    assert ask == effects.Ask("asg", 2, "gpu", 200.0)
    assert 0 < at <= 60
    assert rig.instances == 2


def test_without_that_quirk_it_asks_for_as_many_as_are_needed() -> None:
    assert running(1, first_scale_out=0).instances == 1
    assert running(3, first_scale_out=0).instances == 3


def test_the_group_never_exceeds_its_maximum() -> None:
    rig = Rig(world(5, maximum=1))
    rig.run(3600)
    assert (rig.instances, rig.running) == (1, 1)


def test_the_states_come_in_order_and_take_their_time() -> None:
    rig = Rig(world(1, maximum=1))
    rig.run(1)
    assert rig.tasks(Status.PROVISIONING)
    asked = rig.until(lambda: rig.instances == 1)
    machine = next(iter(rig.fleet.state.machines.values()))
    assert machine.phase is Phase.PENDING
    rig.until(lambda: machine.phase is Phase.IN_SERVICE)
    assert not machine.registered
    pending = rig.until(lambda: bool(rig.tasks(Status.PENDING)))
    assert machine.registered
    assert rig.until(lambda: rig.running == 1) - pending >= 118
    assert pending - asked >= 78


def test_managed_scaling_needs_fifteen_minutes_of_data_to_let_an_instance_go() -> None:
    rig = running(1)
    began = rig.now
    rig.until(lambda: rig.instances == 1)
    assert rig.now - began > 10 * 60
    quick = running(1, scale_in_points=1)
    assert quick.until(lambda: quick.instances == 1) < 10 * 60


def test_a_lost_point_of_the_metric_makes_it_wait_a_minute_longer() -> None:
    first = running(1).done(effects.Ask)[0][0]
    later = running(1, drop_reservation_points=1).done(effects.Ask)[0][0]
    assert later - first == 60


def test_a_service_that_is_scaled_to_zero_ends_with_no_instance() -> None:
    rig = running(2)
    rig.service(desired=0)
    rig.until(lambda: rig.running == 0, 60)
    rig.until(lambda: rig.instances == 0)
    ended = [type(e) for _, e in rig.done(effects.Signal, effects.Terminated)]
    assert ended == [effects.Signal] * 2 + [effects.Terminated] * 2
    rig.run(7200)
    assert rig.fleet.next_due is None


def test_an_instance_with_a_task_is_protected_from_scale_in() -> None:
    rig = running(2)
    rig.group(desired=0)
    rig.run(600)
    assert rig.running == 2


def test_without_that_protection_its_tasks_are_drained() -> None:
    rig = Rig(world(2, protects=False))
    rig.until(lambda: rig.running == 2)
    rig.group(desired=0, maximum=0)
    rig.until(lambda: rig.instances == 0)
    assert len(rig.done(effects.Signal)) == 2


def test_protected_tasks_are_spared_at_scale_in_and_it_is_told() -> None:
    rig = running(3)
    kept = rig.tasks(Status.RUNNING)[:2]
    rig.protect(kept, 600)
    rig.service(desired=0)
    rig.run(300)
    assert rig.tasks(Status.RUNNING) == kept
    told = "(service worker) was unable to scale in due to 2 tasks having scale-in protection."
    assert rig.told().count(told) == 1
    rig.run(400)
    assert rig.running == 0


def test_a_task_that_ignores_sigterm_is_killed_after_its_stop_timeout() -> None:
    rig = running(1)
    rig.graceful = None
    rig.service(desired=0)
    rig.run(120)
    (signalled, _), (killed, _) = rig.done(effects.Signal, effects.Kill)[:2]
    assert killed - signalled == 30
    task = rig.fleet.state.tasks["task-1"]
    assert (task.status, task.exit_code) == (Status.STOPPED, 137)


def test_a_task_that_ends_by_itself_is_replaced() -> None:
    rig = running(1)
    rig.fleet.exited("task-1", 1, rig.now)
    rig.until(lambda: rig.running == 1)
    assert rig.fleet.state.tasks["task-1"].stop_code == "EssentialContainerExited"
    assert rig.tasks(Status.RUNNING) == ["task-2"]


def test_a_spot_interruption_warns_drains_and_takes_the_instance() -> None:
    rig = running(1)
    rig.protect(["task-1"])
    machine = rig.fleet.state.tasks["task-1"].machine
    assert machine is not None
    assert rig.fleet.interrupt(machine, rig.now)
    began = rig.now
    rig.until(lambda: machine not in rig.fleet.state.machines)
    warnings = [(at - began, e.kind) for at, e in rig.log if isinstance(e, effects.SpotWarning)]
    assert warnings == [(0, "rebalance"), (60, "interruption")]
    assert [at - began for at, _ in rig.done(effects.Signal)] == [60]
    assert [at - began for at, _ in rig.done(effects.Terminating)] == [180]
    rig.until(lambda: rig.running == 1)
    assert rig.tasks(Status.RUNNING) == ["task-2"]


def test_denied_capacity_fails_launches_until_it_is_allowed_again() -> None:
    rig = Rig(world(1))
    rig.fleet.deny("asg", "no capacity")
    rig.run(600)
    failed = rig.done(effects.LaunchFailed)
    assert len(failed) == 10
    assert rig.instances == 0
    rig.fleet.deny("asg", None)
    rig.until(lambda: rig.running == 1)


def test_tasks_that_fail_to_start_trip_the_circuit_breaker_of_a_deployment() -> None:
    rig = running(1)
    rig.fleet.crash(SERVICE, Crash())
    rig.service(definition="worker:2", breaks=True, rolls_back=True, minimum_percent=0)
    rig.until(lambda: bool(rig.done(effects.RolledBack)))
    assert rig.world.services[SERVICE].definition == "worker:1"
    rig.fleet.crash(SERVICE, None)
    rig.until(lambda: rig.running == 1)


def test_a_new_task_definition_replaces_the_tasks_of_the_old_one() -> None:
    rig = running(2)
    rig.service(definition="worker:2", minimum_percent=50)
    rig.until(lambda: rig.running == 2 and not rig.tasks(Status.PENDING, Status.PROVISIONING))
    rig.until(
        lambda: (
            {rig.fleet.state.tasks[t].definition for t in rig.tasks(Status.RUNNING)} == {"worker:2"}
        )
    )


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 6), st.floats(1, 900), st.sampled_from(["", "deny", "spot", "kill"])
        ),
        max_size=8,
    )
)
def test_whatever_happens_every_fleet_settles_and_sleeps(
    steps: list[tuple[int, float, str]],
) -> None:
    rig = Rig(world(0, maximum=4))
    for desired, seconds, trouble in steps:
        rig.service(desired=desired)
        rig.fleet.deny("asg", "none" if trouble == "deny" else None)
        machines = list(rig.fleet.state.machines)
        if trouble == "spot" and machines:
            rig.fleet.interrupt(machines[0], rig.now)
        if trouble == "kill" and (found := rig.tasks(Status.RUNNING)):
            rig.fleet.exited(found[0], -9, rig.now)
        rig.run(seconds)
        assert len(rig.fleet.state.in_group("asg")) <= 4
        for machine in rig.fleet.state.machines.values():
            free = rig.fleet.state.free(machine)
            assert min(free.cpu, free.memory, free.gpus) >= 0
    rig.fleet.deny("asg", None)
    rig.service(desired=2)
    rig.run(3600)
    assert rig.running == 2
    rig.service(desired=0)
    rig.run(10_000)
    assert (rig.running, rig.instances, rig.fleet.next_due) == (0, 0, None)
