"""Runs ECS tasks: as processes, or as containers of a Docker engine.

launcher.py        starts tasks, signals them, and reports their ends
forked_tasks.py    tasks that are forked by a process that has imported what is slow
environment.py     configuration, command, environment variables and secrets of a task
metadata.py        labels of a task's container, and its metadata endpoint
log.py             a task's output, to CloudWatch Logs and to a file
container.py       a task as a container
container_spec.py  a container definition as Docker's API takes it; pure
"""
