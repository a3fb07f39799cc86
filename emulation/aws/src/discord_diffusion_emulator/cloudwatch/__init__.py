"""CloudWatch alarms that are evaluated, and act, as CloudWatch's do.

alarms.py        evaluates alarms and carries out their scaling policies
alarm_rules.py   the state that an alarm's data points call for; pure
metric_math.py   metric math expressions of alarms; pure
datapoints.py    reads an alarm's data points from LocalStack's store
"""
