"""Simulates ECS services, capacity providers and Auto Scaling groups of one region.

Pure and deterministic: the same snapshots at the same times give the same effects.

fleet_simulation.py  FleetSimulation: one step, and what happens from outside
services.py          ECS services: a desired count becomes tasks, which are placed and replaced
tasks.py             the life of one task
managed_scaling.py   capacity providers: waiting tasks become a group's desired capacity
instances.py         Auto Scaling groups: a desired capacity becomes instances
step_scaling.py      Application Auto Scaling: a breached alarm becomes a desired count
snapshots.py         input: groups, capacity providers and services, as the AWS APIs hold them
effects.py           output: what has to be done in the emulated AWS
state.py             instances and tasks, and what is remembered from step to step
settings.py          delays and quirks of the simulated AWS
journal.py           the changes of the state, in order
"""
