"""The environment variables of every program: the only place that reads the environment."""
