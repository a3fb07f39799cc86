"""Compares how fast the worker and plain diffusers draw: `python -m tests.bench.gpu`."""
