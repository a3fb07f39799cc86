"""Thin adapters to AWS, one file a service. The only place that imports the SDK."""
