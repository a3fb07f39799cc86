"""Services of moto's whose answers are mended, and operations that moto lacks.

budgets.py           subscribers, changes and tags
ec2.py               launch templates
ecs.py               a service keeps all that it was given; tasks are listed as ECS lists them
pacing.py            EventBridge's rates and Step Functions' waits, sped up
quotas.py            Service Quotas: vCPUs of GPU instances
groups.py            Auto Scaling: capacity is only asked for here, the fleet agent brings it
state_machines.py    Step Functions: tracing
scaling.py           Application Auto Scaling: tags and activities
"""
