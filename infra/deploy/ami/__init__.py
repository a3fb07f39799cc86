"""An AMI that holds the worker's image already, so that a new instance need not pull it."""
