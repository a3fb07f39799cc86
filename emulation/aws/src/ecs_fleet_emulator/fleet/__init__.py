"""The fleet agent: runs the services and groups that moto's AWS APIs only record.

agent.py              the thread that steps the regions, and access to them
region.py             one account's fleets in one region: steps the simulation, carries out effects
moto_reader.py        reads a snapshot for the simulation from moto's backends
moto_writer.py        writes the simulation's tasks and container instances into moto's backends
moto_instances.py     launches and terminates EC2 instances in moto's backends
moto_records.py       scaling activities and other records that moto does not keep
service_scaling.py    Application Auto Scaling of services: policies and scheduled actions
group_scaling.py      EC2 Auto Scaling of groups, likewise
scaling_policies.py   the policy that an alarm's action names
scheduled_actions.py  the times of scheduled actions
utilization.py        what the processes of tasks use, as the metrics of their services
task_tags.py          the tags that a task gets
endpoints.py          the HTTP API of the agent, and the endpoints of tasks
"""
