"""A LocalStack plug-in: what its open release lacks to run this project's AWS without Docker.

plugins.py             what LocalStack loads: wires the rest, imports nothing heavy
server.py              the gateway's HTTP server, and the end of the process
localstack_patches.py  patches of LocalStack itself
garbage_collection.py  short pauses
publishing.py          log lines and metrics, in the batches that CloudWatch takes
services/              AWS services with patches, and services that only moto has
functions/             Lambda functions, in processes
cloudwatch/            alarms
fleet/                 the fleet agent: acts as ECS and Auto Scaling
tasks/                 ECS tasks, as processes or containers
simulation/            the fleet agent's decisions; pure
processes/             child processes, which end with the emulator
errors.py              the tree of errors
"""
