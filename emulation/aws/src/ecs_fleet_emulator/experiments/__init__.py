"""Experiments that inject faults, in the form of AWS Fault Injection Service (FIS).

known_actions.py    the actions, their parameters and targets
templates.py        checks of experiment templates
durations.py        durations of ISO 8601, and selection modes
experiment.py       a running experiment: which action begins when, and ends when
store.py            the templates and experiments of an account and region
targets.py          what a target stands for now: instances, tasks, clusters, functions, roles
actions.py          carries the actions out
api_faults.py       requests of roles that fail, are late or get lost
invocation_faults.py  invocations of functions that fail or are late

Its API is in services/fis.py.
https://docs.aws.amazon.com/fis/latest/userguide/what-is.html
"""
