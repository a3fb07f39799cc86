"""Runs ECS tasks, as processes or as containers."""
