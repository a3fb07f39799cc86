"""The fleet agent: acts as ECS and Auto Scaling on what the AWS APIs of moto only record.

agent.py           the thread that steps the regions, and the way to them
region.py          one account's fleets in one region: steps the simulation, carries out effects
moto_reader.py     reads a snapshot for the simulation from moto's backends
moto_writer.py     writes the simulation's tasks and container instances into moto's backends
moto_instances.py  launches and terminates EC2 instances in moto's backends
moto_records.py    scaling activities, which moto does not keep
endpoints.py       the HTTP API of the agent, and the endpoints of tasks
"""
