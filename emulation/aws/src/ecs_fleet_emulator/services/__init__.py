"""AWS services whose behaviour in moto or LocalStack is patched or completed.

Each module has `service`, which applies its patches and makes the service for LocalStack.

moto_service.py             a service of moto's on LocalStack's gateway
application_autoscaling.py  tags, activities, policies and scheduled actions of ECS services
autoscaling.py              groups whose instances come from the fleet agent
autoscaling_instances.py    requests about single instances
autoscaling_members.py      what becomes of each member of a request
group_policies.py           scaling policies of groups
group_schedules.py          scheduled actions of groups
tracked_alarms.py           the alarms that policies of target tracking have
autoscaling_requests.py     what AWS refuses, and what the emulator refuses by name
budgets.py                  subscribers, updates and tags
ce.py                       cost-allocation tags
container_definitions.py    what AWS refuses of the containers of a task definition
dynamodb.py                 one call at a time, and fast transactions
ec2.py                      launch templates, and Spot placement scores
ecs.py                      services whose tasks come from the fleet agent, and task protection
ecs_members.py              what becomes of each member of a request
ecs_requests.py             what AWS refuses, and what the emulator refuses by name
ecs_tags.py                 tags of all resources
events.py                   schedules at the agent's speed
events_ecs.py               tasks that rules run
items.py                    DynamoDB's items, built and copied at once
pages.py                    answers of ECS in pages
request_members.py          what of a request is acted out, shown or refused by name
requests_page.py            the page docs/reference/emulated-requests.md
service_quotas.py           vCPUs of GPU instances
tag_rules.py                what ECS refuses of tags
stepfunctions_ecs.py        tasks that state machines run
stepfunctions.py            waits at the agent's speed, tracing, deletion of old executions
update_expressions.py       DynamoDB's expressions, parsed and checked once
"""
