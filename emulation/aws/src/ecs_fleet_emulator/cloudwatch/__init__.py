"""CloudWatch alarms, evaluated and carried out as on AWS.

alarms.py        evaluates alarms and carries out their scaling policies
alarm_rules.py   the state of an alarm for its data points; pure
state_reasons.py why an alarm changes its state, in CloudWatch's words; pure
metric_math.py   metric math expressions of alarms; pure
datapoints.py    reads an alarm's data points from LocalStack's store
"""
