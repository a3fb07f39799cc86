"""Processes of Lambda functions and of ECS tasks: they end with the emulator."""
