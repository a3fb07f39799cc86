"""The fleet agent: what AWS does between CloudWatch, Application Auto Scaling, ECS, Auto Scaling
and EC2, down to a worker process.

core.py (settings, views, state, effects, steps, alarms, reservation, machines, tasks)
                the mind: pure and deterministic
agent.py        the thread that keeps it going, and sleeps while nothing is there
plane.py        one account's fleets in one region: the mind, what it sees, what it does
world.py        reads moto's backends into the mind's pictures
projection.py   writes what the mind knows into moto's backends
instances.py    EC2 instances and Auto Scaling's activities there
journal.py      what has changed, in order
launching.py    tasks as processes.py or task_containers.py starts them (launcher.py, task_spec.py,
                containers.py, secrets.py, logs.py)
endpoints.py    what tasks and people can ask on the gateway (routes.py)
cloudwatch.py   alarms are looked at as CloudWatch does (points.py, metric_math.py); policies.py
                carries out their policies
config.py       what a person who starts the emulator sets
"""
