"""What LocalStack's open release lacks to run this project's AWS on a machine without Docker.

plugins.py            what LocalStack loads: wires the rest, imports nothing heavy
server.py             the gateway's HTTP server: listens where it is told to, and nowhere else
mending.py            corrections of LocalStack's own behaviour
functions/            Lambda functions in processes
"""
