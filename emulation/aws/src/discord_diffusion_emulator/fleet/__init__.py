"""The fleet agent: what AWS does between CloudWatch, Application Auto Scaling, ECS, Auto Scaling
and EC2, down to a worker process.

core.py (settings, views, state, effects, steps, alarms, reservation, machines, tasks)
                the mind: pure and deterministic
agent.py        the thread that keeps it going, and sleeps while nothing is there
world.py        reads moto's backends into the mind's pictures
projection.py   writes what the mind knows into moto's backends
processes.py    tasks as processes; endpoints.py what they and a person can ask
cloudwatch.py   alarms are looked at as CloudWatch does, and carry out scaling policies
"""
