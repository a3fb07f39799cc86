"""Tell the operations page what the rest of the rig does, from logs, SQS and processes."""
