"""Simulates ECS services, capacity providers and Auto Scaling groups of one region.

Pure and deterministic: the same snapshots at the same times give the same effects.

fleet_simulation.py  FleetSimulation: its steps, and events from outside such as a Spot interruption
services.py          ECS services: a desired count becomes tasks, which are placed and replaced
tasks.py             the lifecycle of a task
containers.py        its containers: the order of their starts and stops
health.py            their health checks
managed_scaling.py   capacity providers: waiting tasks become a group's desired capacity
instances.py         Auto Scaling groups: a desired capacity becomes instances
warm_pools.py        their warm pools: stopped instances that have booted and pulled an image
step_scaling.py      a breached alarm becomes a capacity, by steps
target_tracking.py   the same in proportion to a target, by agreement of all policies
cooldowns.py         which change of a capacity is allowed now
scaling_schedules.py  the times of scheduled actions
snapshots.py         input: groups, capacity providers and services of the AWS APIs
effects.py           output: changes to make in the emulated AWS
state.py             the state between steps
settings.py          delays and special behaviour of the simulated AWS
journal.py           the changes of the state, in order
"""
