"""The fleet of workers: how many are demanded, and how long a job waits for one."""
