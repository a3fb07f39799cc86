"""Lambda functions in processes, instead of LocalStack's containers.

executor.py      one execution environment, which LocalStack starts, invokes and stops
process.py       one process of an execution environment, and its output
runtime_api.py   the Runtime API, through which the process gets events and posts responses
runtimes.py      the runtimes that this machine has: their interpreters, and how a process starts
environment.py   the code and variables of a process
outcomes.py      responses, Lambda's own errors, and the lines that Lambda writes to the log
telemetry.py     logs and metrics of the functions in CloudWatch
node/            the client of the Runtime API for functions in Node.js
fallback/        stands in for the compiled part of AWS's Runtime API client, where it is missing
"""
