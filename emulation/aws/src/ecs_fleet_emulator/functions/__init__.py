"""Lambda functions in processes, instead of LocalStack's containers.

executor.py      one execution environment, which LocalStack starts, invokes and stops
process.py       one process of an execution environment, and its output
runtime_api.py   the Runtime API, through which the process gets events and posts responses
environment.py   the interpreter, code and variables of a process
outcomes.py      responses, Lambda's own errors, and the lines that Lambda writes to the log
telemetry.py     logs and metrics of the functions in CloudWatch
fallback/        stands in for the compiled part of AWS's Runtime API client, where it is missing
"""
