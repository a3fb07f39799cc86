"""Simulates ECS and Auto Scaling of one region; pure and deterministic."""
