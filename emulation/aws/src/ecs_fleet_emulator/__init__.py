"""A LocalStack plug-in with what its open release lacks to run this project without Docker.

plugins.py             the entry points that LocalStack loads; imports the rest lazily
server.py              the gateway's HTTP server, and the shutdown of the process
http_server.py         serves each connection in a thread
http_handler.py        reads requests, for the gateway and for functions
json_calls.py          a shorter way through the gateway for most calls
localstack_patches.py  patches of LocalStack itself
service_models.py      the SDK's descriptions of services, read once
garbage_collection.py  garbage collection with short pauses
publishing.py          publishes log lines and metrics in batches
services/              AWS services with patches, and services that only moto has
clock/                 time, which a test can move on
functions/             Lambda functions, in processes
cloudwatch/            evaluation of CloudWatch alarms
fleet/                 the fleet agent: acts as ECS and Auto Scaling
tasks/                 ECS tasks, as processes or containers
simulation/            the fleet agent's decisions; pure
processes/             child processes, which end with the emulator
localemu_compat.py     LocalEmu in LocalStack's place
errors.py              the exception classes
"""
