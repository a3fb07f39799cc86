"""The fleet of workers: how many are needed, and how long a job waits for its worker."""
