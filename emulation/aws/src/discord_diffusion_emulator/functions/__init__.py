"""Lambda functions in processes.

executor.py      one execution environment: what LocalStack starts, invokes and stops
process.py       one process of an environment, and how it ends
output.py        what the process prints
runtime_api.py   the HTTP interface through which the process gets events and gives answers
environment.py   the variables that the process sees
answers.py       what the caller gets when the process gives no answer of its own
report.py        the lines that Lambda itself writes to the log
telemetry.py     the functions' logs and metrics in CloudWatch; batches.py puts them together
interpreters.py  which interpreter runs which runtime
code.py          the function's code on the disk, and whether it changed
bootstrap.py     runs inside the process; fallback/ is the end of its path
"""
