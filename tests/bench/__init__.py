"""Benchmarks: run on request, never part of the tests."""
