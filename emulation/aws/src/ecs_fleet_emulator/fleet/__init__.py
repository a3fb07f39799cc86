"""The fleet agent: runs the services and groups that moto's AWS APIs only record.

agent.py           the thread that steps the regions, and access to them
region.py          one account's fleets in one region: steps the simulation, carries out effects
moto_reader.py     reads a snapshot for the simulation from moto's backends
moto_writer.py     writes the simulation's tasks and container instances into moto's backends
moto_instances.py  launches and terminates EC2 instances in moto's backends
moto_records.py    scaling activities, which moto does not keep
task_tags.py       the tags that a task gets
endpoints.py       the HTTP API of the agent, and the endpoints of tasks
"""
