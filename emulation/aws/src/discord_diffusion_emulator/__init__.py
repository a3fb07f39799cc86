"""What LocalStack's open release lacks to run this project's AWS on a machine without Docker.

plugins.py            what LocalStack loads: wires the rest, imports nothing heavy
server.py             the gateway's HTTP server: listens where it is told to, and nowhere else
mending.py            corrections of LocalStack's own behaviour
moto_services.py      services that are moto's alone; services/ mends their answers
fleet/                what AWS does between alarms, ECS, Auto Scaling and EC2, down to processes
shutdown.py           a prompt end
functions/            Lambda functions in processes
"""
